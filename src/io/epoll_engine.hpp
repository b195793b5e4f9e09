// Engine on epoll, edge-triggered: a socket is registered once, for its life. Each call is tried first; a receive that
// gave less than asked for is taken as "drained" and saves the call that would say so (docs/adr/0001).
#pragma once

#include <sys/epoll.h>

#include <array>

#include "base/result.hpp"
#include "io/engine.hpp"

namespace fairlead::io {

class EpollEngine final : public Engine {
 public:
  EpollEngine();
  EpollEngine(const EpollEngine&) = delete;
  EpollEngine& operator=(const EpollEngine&) = delete;
  ~EpollEngine() override;

  /// 0, or the errno of why the kernel gave no epoll set; nothing works then.
  [[nodiscard]] int failure() const { return failure_; }

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

 private:
  int watch(Socket& socket);
  bool start_connect(Operation& operation);
  void on_event(Socket& socket, std::uint32_t events);
  void try_parked(Operation*& slot);

  int epoll_ = -1;
  int wake_ = -1;
  int failure_ = 0;
  static constexpr std::size_t events_max = 256;
  std::array<epoll_event, events_max> events_{};
};

}  // namespace fairlead::io
