// A small backend for trying things out: answers every request with a line that says who it is and what it got, after a
// delay if asked for. `fairlead demo-backend --port N [--delay 5ms]`.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_set>

#include "base/log.hpp"
#include "io/listener.hpp"
#include "io/task_scope.hpp"
#include "proxy/date_clock.hpp"
#include "proxy/downstream_connection.hpp"

namespace fairlead::app {

class DemoBackend final : public proxy::Service {
 public:
  DemoBackend(io::EventLoop& loop, const Log& log, std::chrono::milliseconds delay);
  DemoBackend(const DemoBackend&) = delete;
  DemoBackend& operator=(const DemoBackend&) = delete;

  Result<void> listen(io::Address& address);
  /// Ends listener and connections, then stops the loop.
  void stop();

  // Service:
  [[nodiscard]] proxy::ConnectionPolicy policy() const override { return {}; }
  io::Task<proxy::Served> serve(proxy::DownstreamConnection& client) override;
  [[nodiscard]] std::string_view date() override { return date_.text(); }
  void refused(const Error&, int) override {}

 private:
  io::Task<> serve_connection(int descriptor, io::PeerIp peer);
  io::Task<> await_end();

  io::EventLoop& loop_;
  proxy::DateClock date_{loop_};
  std::chrono::milliseconds delay_;
  std::uint16_t port_ = 0;
  proxy::RequestMemoryPool memory_pool_;
  std::unordered_set<proxy::DownstreamConnection*> connections_;
  io::Listener listener_;
  io::TaskScope scope_;
  io::TaskScope ending_;
};

}  // namespace fairlead::app
