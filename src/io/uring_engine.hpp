// Engine on io_uring: one system call a turn submits what sockets need, waits, and brings what came. Bytes arrive by a
// receive that stays armed for a socket's life and takes memory from UringBuffers only when they are there; writes,
// accepts and connects are tried at once, and awaited by polls. So the kernel never writes into a caller's memory, and
// an operation can be cancelled or a socket closed without asking it (docs/adr/0022).
// Thread rule: the thread of the first wait() owns the ring; wake() from any. Lifetime: outlives its sockets.
#pragma once

#include <liburing.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "io/engine.hpp"
#include "io/uring_buffers.hpp"

namespace fairlead::io {

class UringEngine final : public Engine {
 public:
  UringEngine();
  UringEngine(const UringEngine&) = delete;
  UringEngine& operator=(const UringEngine&) = delete;
  ~UringEngine() override;

  /// Why the kernel gives no such engine; nothing works then.
  struct Failure {
    std::string_view step;  ///< what was refused; empty when nothing was
    int error_number = 0;
    explicit operator bool() const { return !step.empty(); }
  };
  [[nodiscard]] const Failure& failure() const { return failure_; }

  int open(Socket& socket, const Address& address) override;
  int listen(Socket& socket, Address& address, int backlog) override;
  int attach(Socket& socket, int descriptor) override;
  void close(Socket& socket) override;
  void shutdown_send(Socket& socket) override;
  bool is_quiet(Socket& socket, bool ask_kernel) override;
  bool submit(Operation& operation) override;
  void cancel(Operation& operation) override;
  void wait(TimePoint until) override;
  void wake() override;
  TimePoint now() override { return Clock::now(); }

  /// Buffers held for a socket that nobody reads before its receive is stopped. One turn of the kernel may add
  /// some 32 before it hears of that.
  static constexpr std::uint16_t held_max = 4;
  /// A turn that brings bytes for this many sockets gathers its small sends and makes them with the turn's one call.
  static constexpr unsigned gathers_from = 4;
  static constexpr std::size_t gathered_send_max = 2048;

 private:
  /// What may be under way in the kernel for a socket; the tag in user_data, and a bit of in_flight.
  enum Request : std::uint8_t {
    receiving = 1,        ///< multishot, into UringBuffers
    polling_input = 2,    ///< one shot: for accept, and for a receive without a buffer of ours
    polling_output = 3,   ///< one shot
    polling_hang_up = 4,  ///< multishot
    sending = 5,          ///< a copy of the parked send's bytes, as far as the kernel takes them at once
  };
  /// A socket as the kernel side has it. Stays until the last completion of its requests, be the Socket gone or not.
  struct alignas(8) Record {
    Socket* socket = nullptr;  ///< null once closed
    int descriptor = -1;
    int fault = 0;  ///< an errno that the receive found; told behind what is held
    std::uint8_t in_flight = 0;
    bool has_ended = false;  ///< the peer's sending half, behind what is held
    bool is_bulk = false;    ///< bytes come faster than buffers are worth: poll, and receive into the caller's memory
    bool stops_receiving = false;  ///< the armed receive is to be cancelled
    bool is_disowned = false;      ///< what is being sent is of an operation that was cancelled
    bool is_listed = false;
    Record* next = nullptr;  ///< to be armed, or free
    UringBuffers::Held held;

    [[nodiscard]] bool has(Request request) const { return (in_flight & (1U << request)) != 0; }
    void set(Request request) { in_flight = static_cast<std::uint8_t>(in_flight | (1U << request)); }
    void clear(Request request) { in_flight = static_cast<std::uint8_t>(in_flight & ~(1U << request)); }
    [[nodiscard]] bool has_heard() const { return !held.empty() || has_ended || fault != 0; }
  };

  Failure set_up();
  void own_ring();
  void take_record(Socket& socket);
  Record& record_of(const Socket& socket) { return *by_descriptor_[static_cast<std::size_t>(socket.descriptor)]; }
  void free(Record& record);

  bool try_now(Record& record, Operation& operation);
  static std::size_t size_of(const Operation& operation);
  bool send_now(Operation& operation);
  void send_untried(Socket& socket);
  bool receive_now(Record& record, Operation& operation);
  bool readable_now(Record& record, Operation& operation);
  void serve_parked(Record& record, Operation*& slot);
  void end_parked(Operation*& slot, std::int64_t result);

  void enlist(Record& record);
  void arm_enlisted();
  void arm(Record& record);
  void arm_input(Record& record);
  void arm_output(Record& record);
  void send_copy(Record& record, const Operation& operation);
  static void send_off(io_uring_sqe& submission, Record& record, Request request);
  void cancel_request(Record& record, Request request);
  void poll_wake();

  void reap();
  void on_completion(const io_uring_cqe& completion);
  void on_received(Record& record, const io_uring_cqe& completion);
  void take_received(Record& record, const io_uring_cqe& completion);
  void on_sent(Record& record, std::int64_t result);
  void stop_receiving(Record& record);
  void on_broken(Record& record);

  static constexpr unsigned submissions_max = 512;
  static constexpr unsigned completions_max = 4096;
  static constexpr unsigned requests_a_socket_max = 5;

  UringBuffers buffers_;  // outlives the ring
  io_uring ring_{};
  Failure failure_;
  bool is_owned_ = false;
  bool is_wake_polled_ = false;
  int wake_ = -1;
  std::vector<Record*> by_descriptor_;
  std::deque<Record> records_;
  Record* free_ = nullptr;
  Record* enlisted_ = nullptr;
  unsigned received_in_turn_ = 0;
  std::size_t gathered_bytes_ = 0;  ///< room in outgoing_ that parked sends were promised
  std::size_t outgoing_bytes_ = 0;
  std::array<char, 64UL * 1024> outgoing_;
};

}  // namespace fairlead::io
