// A byte stream to a peer: reads and writes that are tried at once and awaited when they can't be done yet, each with a
// deadline. One read and one write may be under way at a time. Plain here; TLS is another implementation.
// Thread rule: one loop thread. Lifetime: outlives every operation on it; closing ends them with ErrorKind::cancelled.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "io/event_loop.hpp"

namespace fairlead::io {

class Stream;

/// An errno as an Error of that side.
Error error_of(int error_number, Side side);

class Stream {
 public:
  Stream(EventLoop& loop, Side side) : loop_(loop), side_(side) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// What is awaited; lives in the awaiting frame.
  class Waiting {
   public:
    Waiting(Stream& stream, OperationKind kind, std::span<iovec> pieces, TimePoint deadline);
    /// With a single piece, kept inside.
    Waiting(Stream& stream, OperationKind kind, iovec piece, TimePoint deadline);
    /// A write that may wait so long for each further byte.
    Waiting(Stream& stream, std::span<iovec> pieces, std::chrono::milliseconds patience);
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    bool await_ready() {
      is_postponed_ = !stream_.may_try();
      return !is_postponed_ && stream_.start(operation_);
    }
    void await_suspend(std::coroutine_handle<> waiter);
    /// Bytes read (0: the peer ended the stream) or written. Errors: reset, refused, timed_out, cancelled, ...
    Result<std::size_t> await_resume();

   private:
    friend class Stream;
    static void expire(Timer& timer);
    void park();
    void postpone();
    void cancel();
    [[nodiscard]] bool writes() const {
      return operation_.kind == OperationKind::send || operation_.kind == OperationKind::connect;
    }

    Stream& stream_;
    Operation operation_;
    iovec piece_{};
    TimePoint deadline_;
    std::chrono::milliseconds patience_{0};  ///< 0: the deadline is for all of it
    std::int64_t sent_when_armed_ = 0;
    Timer timer_;
    EndOfTurn next_turn_;
    std::coroutine_handle<> waiter_;
    bool timed_out_ = false;
    bool is_postponed_ = false;  ///< to the end of the turn, where it is tried
    bool is_cancelled_ = false;  ///< while postponed
  };

  /// Reads what is there, at least a byte.
  Waiting read(std::span<char> memory, TimePoint deadline);
  /// Waits until there is something to read, without holding memory for it.
  Waiting readable(TimePoint deadline);
  /// Writes all; `pieces` is consumed as it goes and must live until then.
  Waiting write(std::span<iovec> pieces, TimePoint deadline);
  Waiting write(std::string_view bytes, TimePoint deadline);
  /// Writes all, however long that takes, as long as some of it is taken within each `patience`.
  Waiting write_patiently(std::span<iovec> pieces, std::chrono::milliseconds patience);

  /// Ends our sending half; reads go on.
  virtual void shutdown_send() = 0;
  /// Closes both halves; what waits ends with ErrorKind::cancelled.
  virtual void close() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  /// The peer has neither sent anything nor ended the stream since the last read, as far as the loop has heard;
  /// `ask_kernel` costs a system call and looks at what it hasn't heard of yet.
  virtual bool is_quiet(bool ask_kernel) = 0;
  /// Ends a read or wait for readable that is under way with ErrorKind::cancelled.
  void cancel_read();
  /// The same for a write.
  void cancel_write();

  EventLoop& loop() { return loop_; }
  [[nodiscard]] Side side() const { return side_; }

 protected:
  /// True: completed at once.
  virtual bool start(Operation& operation) = 0;
  virtual void cancel(Operation& operation) = 0;

 private:
  friend class Waiting;
  friend class BrokenWatch;
  /// What is always ready would go on for ever, and nobody else on the loop would ever have a turn. What was read
  /// counts as well: about 2 MiB are a turn (twice that in the one that wakes a reader), or a wait and a read once all
  /// streams together have had 8 MiB. What was written was read before.
  static constexpr unsigned tries_a_turn_max = 32;
  static constexpr unsigned tries_a_long_turn_max = 2;
  static constexpr std::size_t read_as_a_try = std::size_t{64} * 1024;
  static constexpr std::size_t long_turn_bytes = 4 * tries_a_turn_max * read_as_a_try;
  bool may_try() {
    if (std::exchange(tried_in_turn_, loop_.turn()) != loop_.turn()) {
      tries_ = 0;
    }
    return tries_++ < (loop_.read_in_turn() < long_turn_bytes ? tries_a_turn_max : tries_a_long_turn_max);
  }
  void count_read(std::size_t bytes) {
    tries_ += static_cast<unsigned>(bytes / read_as_a_try);
    loop_.count_read(bytes);
  }

  EventLoop& loop_;
  Side side_;
  unsigned tries_ = 0;
  std::uint64_t tried_in_turn_ = 0;
  Waiting* reading_ = nullptr;
  Waiting* writing_ = nullptr;
};

/// Tells when the peer breaks the connection: resets it, or both halves have ended. An orderly end of the peer's
/// sending half alone is no such thing (RFC 9112 section 9.6 lets a client wait for its answer like that).
/// Lifetime: ends before its stream.
class BrokenWatch {
 public:
  explicit BrokenWatch(Stream& stream) : stream_(stream) {}
  BrokenWatch(const BrokenWatch&) = delete;
  BrokenWatch& operator=(const BrokenWatch&) = delete;
  ~BrokenWatch() { stop(); }

  /// Called once, on the loop's thread.
  void (*on_broken)(BrokenWatch&) = nullptr;
  void* context = nullptr;

  /// When the stream is open.
  void start();
  void stop();

 private:
  Stream& stream_;
  Operation operation_;
  bool is_watching_ = false;
};

/// TCP or unix, as the kernel gives it.
class PlainStream final : public Stream {
 public:
  PlainStream(EventLoop& loop, Side side) : Stream(loop, side) {}
  ~PlainStream() override { PlainStream::close(); }

  /// Takes a descriptor that a listener accepted.
  Result<void> attach(int descriptor);
  /// A socket for the address' family, to be connected.
  Result<void> open(const Address& address);
  /// Connects what open() made; `address` must live until then.
  Waiting connect(Address& address, TimePoint deadline);

  void shutdown_send() override;
  void close() override;
  [[nodiscard]] bool is_open() const override { return socket_.is_open(); }
  bool is_quiet(bool ask_kernel) override;

 protected:
  bool start(Operation& operation) override;
  void cancel(Operation& operation) override;

 private:
  friend class TlsStream;  // moves ciphertext by operations of its own
  Socket socket_;
  Address* connecting_to_ = nullptr;
};

}  // namespace fairlead::io
