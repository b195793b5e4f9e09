// The resources under /api/v1: pools, their backends, the fleet. Reads go by the controller's picture and the fleet's;
// changes go to the fleet and are answered when this instance acts on them. docs/openapi.yaml has paths, bodies and
// statuses. Used by admin_api, which knows connections. Thread rule: the control loop's thread. Lifetime: what it is
// given outlives it.
#pragma once

#include <string>
#include <string_view>

#include "control/controller.hpp"
#include "control/fleet_desk.hpp"
#include "core/http/message.hpp"
#include "io/event_loop.hpp"
#include "io/task.hpp"

namespace fairlead::control {

struct ApiRequest {
  http::Method method = http::Method::get;
  std::string path;
  std::string query;
  std::string body;
};

struct ApiAnswer {
  int status = 200;
  std::string body;           ///< JSON; empty: a problem with `detail`
  std::string_view detail{};  ///< of static storage
  std::string_view allow{};   ///< for 405
};

class FleetApi {
 public:
  FleetApi(io::EventLoop& loop, const Controller& controller, FleetDesk& desk, std::string_view version)
      : loop_(loop), controller_(controller), desk_(desk), version_(version) {}

  static bool serves(std::string_view path) { return path.starts_with("/api/"); }
  /// `request` outlives the task.
  io::Task<ApiAnswer> serve(const ApiRequest& request);

 private:
  io::Task<ApiAnswer> show_fleet();
  io::Task<ApiAnswer> serve_backends(std::string pool_name, const ApiRequest& request);
  io::Task<ApiAnswer> edit(std::string pool_name, const balance::BackendEdit& wanted);
  [[nodiscard]] const routing::Pool* find_pool(std::string_view name) const;

  io::EventLoop& loop_;
  const Controller& controller_;
  FleetDesk& desk_;
  std::string_view version_;
};

}  // namespace fairlead::control
