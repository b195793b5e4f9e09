// What the admin listener answers: /metrics for Prometheus, /healthz (the process runs), /readyz (it may serve), and
// under /api/v1 what fleet_api does, for whom admin_access lets. Runs on the control loop, so that it answers when
// traffic is stuck. Thread rule: the control loop's thread. Lifetime: outlives its connections.
#pragma once

#include <memory>
#include <unordered_set>

#include "base/log.hpp"
#include "control/fleet_api.hpp"
#include "core/http/body_framing.hpp"
#include "core/metrics/registry.hpp"
#include "io/listener.hpp"
#include "io/task_scope.hpp"
#include "proxy/downstream_connection.hpp"

namespace fairlead::control {

class AdminApi final : public proxy::Service {
 public:
  static constexpr std::size_t connections_max = 256;
  static constexpr std::size_t body_max = 64 * 1024;

  /// All of it outlives the API.
  struct Parts {
    io::EventLoop& loop;
    const metrics::Registry& registry;
    const Controller& controller;
    FleetDesk& desk;
    std::string_view version;
    const Log& log;
  };
  explicit AdminApi(const Parts& parts);
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
  io::Task<> serve_connection(int descriptor, io::PeerIp peer);
  /// `framing` outlives the task.
  io::Task<proxy::Served> serve_api(proxy::DownstreamConnection& client, const http::BodyFraming& framing);
  /// `is_read`: the request's body was read to its end.
  io::Task<ApiAnswer> answer_api(proxy::DownstreamConnection& client, const http::BodyFraming& framing, bool& is_read);
  /// What only the shared state knows is asked for it, which takes 250 ms at most.
  io::Task<> append_metrics(std::string& text);
  void append_answer(std::string& out, const http::RequestHead& request, std::string_view scraped, bool close);

  io::EventLoop& loop_;
  const metrics::Registry& registry_;
  const Controller& controller_;
  FleetDesk& desk_;
  FleetApi api_;
  io::Listener listener_;
  proxy::RequestMemoryPool memory_pool_;
  std::unordered_set<proxy::DownstreamConnection*> connections_;
  bool ready_ = false;
  bool closing_ = false;
  io::TaskScope scope_;
};

}  // namespace fairlead::control
