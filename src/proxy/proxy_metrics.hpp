// What the request path counts. Families are registered once for the process; each worker has a ProxyMetrics over its
// own shard, which remembers the cells it has met, so that counting a request is a few relaxed stores. Thread rule:
// ProxyFamilies before threads start; a ProxyMetrics on its worker's loop thread. Labels: none that a client controls
// (unknown methods are "_other", requests without a route "_none").
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.hpp"
#include "core/http/message.hpp"
#include "core/metrics/registry.hpp"
#include "fleet/state_store.hpp"

namespace fairlead::proxy {

struct ProxyFamilies {
  explicit ProxyFamilies(metrics::Registry& registry);

  metrics::FamilyId requests, duration, in_flight, request_bytes, response_bytes;
  metrics::FamilyId upstream_requests, upstream_failures, upstream_in_flight, upstream_connections, upstream_duration;
  metrics::FamilyId client_rejects, downstream_connections, retries, picks, regrets;
};

/// Cells of one backend of one pool.
struct UpstreamCells {
  metrics::Gauge* in_flight = nullptr;
  metrics::Counter* opened = nullptr;  ///< connections made
  metrics::Counter* reused = nullptr;
  metrics::Histogram* first_byte = nullptr;
  std::array<metrics::Counter*, 6> by_class{};  ///< [1]..[5]: answers 1xx..5xx; [0]: no answer
};

/// Cells of one route.
struct RouteCells {
  std::string name;
  metrics::Histogram* duration = nullptr;
  metrics::Gauge* in_flight = nullptr;
  metrics::Counter* request_bytes = nullptr;
  metrics::Counter* response_bytes = nullptr;
  std::unordered_map<std::uint32_t, metrics::Counter*> requests;  ///< by method and status
};

class ProxyMetrics {
 public:
  ProxyMetrics(const ProxyFamilies& families, metrics::Shard& shard);
  ProxyMetrics(const ProxyMetrics&) = delete;
  ProxyMetrics& operator=(const ProxyMetrics&) = delete;

  /// `name` is the route's; cells live as long as this. An empty name: requests that no route serves.
  RouteCells& route(std::string_view name);
  /// Valid until forgotten.
  UpstreamCells& upstream(std::string_view pool, std::string_view url);
  /// A backend that nobody uses any more; its series stay.
  void forget_upstream(std::string_view pool, std::string_view url);

  /// One finished request. `status` 499: the client left before its answer.
  void count_request(RouteCells& route, http::Method method, int status, double seconds);
  void count_upstream_failure(std::string_view pool, std::string_view url, const Error& error);
  void count_client_reject(std::string_view reason);
  void count_pick(fleet::Basis basis) { picks_[static_cast<std::size_t>(basis)]->add(); }
  /// Of choices by load; made when first asked for.
  metrics::Histogram& regrets(std::string_view pool, balance::StrategyId strategy);
  void count_retry(std::string_view pool, std::string_view outcome);
  [[nodiscard]] metrics::Gauge& downstream_connections() { return *downstream_connections_; }

 private:
  const ProxyFamilies& families_;
  metrics::Shard& shard_;
  metrics::Gauge* downstream_connections_;
  std::array<metrics::Counter*, fleet::basis_count> picks_;
  std::unordered_map<std::string, std::unique_ptr<RouteCells>> routes_;
  std::unordered_map<std::string, std::unique_ptr<UpstreamCells>> upstreams_;
};

}  // namespace fairlead::proxy
