// What the admin listener answers: /metrics for Prometheus, /healthz (the process runs), /readyz (it may serve), and
// under /api/v1 what fleet_api does, for whom admin_access lets. Runs on the control loop, so that it answers when
// traffic is stuck. When all its places are taken, who has asked nothing for longest makes room: idle connections can't
// lock an operator out. Thread rule: the control loop's thread. Lifetime: outlives its connections.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/log.hpp"
#include "control/fleet_api.hpp"
#include "core/http/body_framing.hpp"
#include "core/metrics/registry.hpp"
#include "io/listener.hpp"
#include "io/task_scope.hpp"
#include "proxy/date_clock.hpp"
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
  [[nodiscard]] std::string_view date() override { return date_.text(); }
  void refused(const Error&, int) override {}

 private:
  /// What a client does here.
  struct Visit {
    std::uint64_t turn = 0;  ///< counts up with each visit that begins or is served
    bool is_served = false;  ///< its request is worked at, and nothing of the client is awaited
    bool is_ended = false;   ///< to make room
  };

  void accepted(int descriptor, const io::Address& peer);
  /// Ends whoever has asked nothing for longest, if all places are taken. False: all of them are being served.
  bool make_room();
  void begin_work(proxy::DownstreamConnection& client);
  void end_work(proxy::DownstreamConnection& client);
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
  proxy::DateClock date_{loop_};
  io::Listener listener_;
  proxy::RequestMemoryPool memory_pool_;
  std::unordered_map<proxy::DownstreamConnection*, Visit> visits_;
  std::size_t visits_ended_ = 0;  ///< to make room, and not yet gone
  std::uint64_t turns_ = 0;
  bool ready_ = false;
  bool closing_ = false;
  io::TaskScope scope_;
};

}  // namespace fairlead::control
