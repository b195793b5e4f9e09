// Which route serves a request: the first whose path matches, in the order of the file. A route that takes other
// methods lets a later route of the very same path serve; if none does, the answer is 405 with all methods that would
// do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/balance/strategy.hpp"
#include "core/http/message.hpp"

namespace fairlead::routing {

struct Route {
  std::string name;  ///< the metric label: the configured path or prefix
  std::string path;  ///< exact path, or the prefix
  bool is_prefix = false;
  std::vector<std::string> methods;             ///< empty: all
  std::uint32_t pool = 0;                       ///< index into Snapshot::pools
  std::optional<balance::StrategyId> strategy;  ///< nothing: the pool's
  std::string rewrite_path;                     ///< empty: the path passes through
  std::string strategy_parameter;               ///< query parameter that may choose the strategy; empty: none
  bool annotated = false;                ///< the seed's body: "Response from: URL", an empty line, then the backend's
  std::uint64_t body_max = 64ULL << 20;  ///< bytes of a request's body; 0: no limit
  std::chrono::milliseconds first_byte{30'000};
  std::chrono::milliseconds idle{60'000};
};

class RouteTable {
 public:
  RouteTable() = default;
  explicit RouteTable(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  ///< nullptr: 404, or 405 when `allow` isn't empty
    std::uint32_t index = 0;       ///< of the route, for per-route cells; of a 405, the first that has the path
    std::string allow;             ///< "GET, POST": methods that would do
  };
  [[nodiscard]] Match match(std::string_view path, std::string_view method) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace fairlead::routing
