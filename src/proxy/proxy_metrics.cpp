#include "proxy/proxy_metrics.hpp"

#include <algorithm>

namespace fairlead::proxy {
namespace {

using metrics::Family;
using metrics::MetricType;

Family counter(std::string name, std::string help, std::vector<std::string> labels) {
  return Family{.name = std::move(name),
                .help = std::move(help),
                .type = MetricType::counter,
                .labels = std::move(labels),
                .bounds = {}};
}

Family gauge(std::string name, std::string help, std::vector<std::string> labels) {
  return Family{.name = std::move(name),
                .help = std::move(help),
                .type = MetricType::gauge,
                .labels = std::move(labels),
                .bounds = {}};
}

Family latency(std::string name, std::string help, std::vector<std::string> labels) {
  const std::span<const double> bounds = metrics::latency_bounds();
  return Family{.name = std::move(name),
                .help = std::move(help),
                .type = MetricType::histogram,
                .labels = std::move(labels),
                .bounds = {bounds.begin(), bounds.end()}};
}

Family pick_regret() {
  return Family{.name = "fairlead_pick_regret",
                .help = "Of choices by load: requests that the chosen backend had more than the least loaded.",
                .type = MetricType::histogram,
                .labels = {"pool", "strategy"},
                .bounds = {0, 1, 2, 4, 8, 16}};
}

std::string upstream_key(std::string_view pool, std::string_view url) {
  std::string key(pool);
  key += '\n';
  key += url;
  return key;
}

constexpr std::array<std::string_view, 6> class_names{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

ProxyFamilies::ProxyFamilies(metrics::Registry& registry)
    : requests(registry.add(counter("http_requests_total",
                                    "Requests answered, one a client request; 499: the client "
                                    "left first.",
                                    {"method", "route", "status"}))),
      duration(registry.add(
          latency("request_duration_seconds", "From a request's first byte to its answer's last.", {"route"}))),
      in_flight(registry.add(gauge("fairlead_requests_in_flight", "Requests being served.", {"route"}))),
      request_bytes(registry.add(counter("fairlead_request_bytes_total", "Bytes of request bodies.", {"route"}))),
      response_bytes(registry.add(counter("fairlead_response_bytes_total", "Bytes of response bodies.", {"route"}))),
      upstream_requests(registry.add(counter("fairlead_upstream_requests_total",
                                             "Requests sent to a backend, each try counted; none: it gave no answer.",
                                             {"pool", "server", "code_class"}))),
      upstream_failures(registry.add(
          counter("fairlead_upstream_failures_total", "Tries that failed, by reason.", {"pool", "server", "reason"}))),
      upstream_in_flight(registry.add(gauge("fairlead_upstream_in_flight",
                                            "Requests in flight to a backend: this instance's, or the fleet's.",
                                            {"pool", "server", "scope"}))),
      upstream_connections(
          registry.add(counter("fairlead_upstream_connections_total",
                               "Connections made to a backend, or reused for a request.", {"pool", "server", "kind"}))),
      upstream_duration(registry.add(latency("fairlead_upstream_duration_seconds",
                                             "From a request's being sent to the first byte of its answer's head.",
                                             {"pool", "server"}))),
      client_rejects(registry.add(counter("fairlead_client_rejects_total",
                                          "Requests refused before they had a route, by reason.", {"reason"}))),
      downstream_connections(registry.add(gauge("fairlead_downstream_connections", "Client connections open.", {}))),
      retries(
          registry.add(counter("fairlead_retries_total", "Requests sent again after a failure.", {"pool", "outcome"}))),
      picks(registry.add(counter("fairlead_picks_total", "Backends chosen, by whose knowledge.", {"basis"}))),
      regrets(registry.add(pick_regret())) {}

ProxyMetrics::ProxyMetrics(const ProxyFamilies& families, metrics::Shard& shard)
    : families_(families),
      shard_(shard),
      downstream_connections_(&shard.gauge(families.downstream_connections)),
      picks_{&shard.counter(families.picks, {"local"}), &shard.counter(families.picks, {"leased"}),
             &shard.counter(families.picks, {"exact"})} {}

RouteCells& ProxyMetrics::route(std::string_view name) {
  std::unique_ptr<RouteCells>& cells = routes_[std::string(name)];
  if (!cells) {
    const std::string_view label = name.empty() ? "_none" : name;
    cells = std::make_unique<RouteCells>();
    cells->name = label;
    cells->duration = &shard_.histogram(families_.duration, {label});
    cells->in_flight = &shard_.gauge(families_.in_flight, {label});
    cells->request_bytes = &shard_.counter(families_.request_bytes, {label});
    cells->response_bytes = &shard_.counter(families_.response_bytes, {label});
  }
  return *cells;
}

UpstreamCells& ProxyMetrics::upstream(std::string_view pool, std::string_view url) {
  std::unique_ptr<UpstreamCells>& cells = upstreams_[upstream_key(pool, url)];
  if (!cells) {
    cells = std::make_unique<UpstreamCells>();
    cells->in_flight = &shard_.gauge(families_.upstream_in_flight, {pool, url, "local"});
    cells->opened = &shard_.counter(families_.upstream_connections, {pool, url, "new"});
    cells->reused = &shard_.counter(families_.upstream_connections, {pool, url, "reused"});
    cells->first_byte = &shard_.histogram(families_.upstream_duration, {pool, url});
    for (std::size_t i = 0; i < class_names.size(); ++i) {
      cells->by_class[i] = &shard_.counter(families_.upstream_requests, {pool, url, class_names[i]});
    }
  }
  return *cells;
}

void ProxyMetrics::forget_upstream(std::string_view pool, std::string_view url) {
  upstreams_.erase(upstream_key(pool, url));
}

void ProxyMetrics::count_request(RouteCells& route, http::Method method, int status, double seconds) {
  const std::uint32_t key = static_cast<std::uint32_t>(method) * 1000 + static_cast<std::uint32_t>(status);
  metrics::Counter*& cell = route.requests[key];
  if (cell == nullptr) {
    cell = &shard_.counter(families_.requests, {http::name_of(method), route.name, std::to_string(status)});
  }
  cell->add();
  route.duration->observe(seconds);
}

metrics::Histogram& ProxyMetrics::regrets(std::string_view pool, balance::StrategyId strategy) {
  return shard_.histogram(families_.regrets, {pool, balance::name_of(strategy)});
}

void ProxyMetrics::count_upstream_failure(std::string_view pool, std::string_view url, const Error& error) {
  shard_.counter(families_.upstream_failures, {pool, url, name_of(error.kind)}).add();
}

void ProxyMetrics::count_client_reject(std::string_view reason) {
  shard_.counter(families_.client_rejects, {reason}).add();
}

void ProxyMetrics::count_retry(std::string_view pool, std::string_view outcome) {
  shard_.counter(families_.retries, {pool, outcome}).add();
}

}  // namespace fairlead::proxy
