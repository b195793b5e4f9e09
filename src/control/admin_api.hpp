// What the admin listener answers: /metrics for Prometheus, /healthz (the process runs), /readyz (it may serve). Runs
// on the control loop, so that it answers when traffic is stuck. Thread rule: the control loop's thread. Lifetime:
// outlives its connections.
#pragma once

#include <memory>
#include <unordered_set>

#include "base/log.hpp"
#include "core/metrics/registry.hpp"
#include "io/listener.hpp"
#include "io/task_scope.hpp"
#include "proxy/downstream_connection.hpp"

namespace fairlead::control {

class AdminApi final : public proxy::Service {
 public:
  static constexpr std::size_t connections_max = 256;

  AdminApi(io::EventLoop& loop, const metrics::Registry& registry, const Log& log);
  AdminApi(const AdminApi&) = delete;
  AdminApi& operator=(const AdminApi&) = delete;

  /// Binds; `address` gets the real port.
  Result<void> listen(io::Address& address);
  void start() { listener_.start(); }
  void set_ready(bool ready) { ready_ = ready; }
  /// Ends all connections; the scope is empty some turns later.
  void close();
  io::TaskScope& scope() { return scope_; }

  // Service:
  [[nodiscard]] proxy::ConnectionPolicy policy() const override { return {}; }
  io::Task<proxy::Served> serve(proxy::DownstreamConnection& client) override;
  void refused(const Error&, int) override {}

 private:
  void accepted(int descriptor, const io::Address& peer);
  io::Task<> serve_connection(int descriptor, io::Address peer);
  void append_answer(std::string& out, const http::RequestHead& request, bool close);

  io::EventLoop& loop_;
  const metrics::Registry& registry_;
  io::Listener listener_;
  proxy::RequestMemoryPool memory_pool_;
  std::unordered_set<proxy::DownstreamConnection*> connections_;
  bool ready_ = false;
  bool closing_ = false;
  io::TaskScope scope_;
};

}  // namespace fairlead::control
