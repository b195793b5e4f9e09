#include "control/snapshot_builder.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::control {
namespace {

const routing::Pool* find_pool(const routing::Snapshot* snapshot, std::string_view name) {
  if (snapshot == nullptr) {
    return nullptr;
  }
  const auto found = std::find_if(snapshot->pools.begin(), snapshot->pools.end(),
                                  [&](const auto& pool) { return pool->name == name; });
  return found == snapshot->pools.end() ? nullptr : found->get();
}

std::vector<std::string> urls_of(const PoolConfig& pool, const BackendLists& lists) {
  if (const auto listed = lists.find(pool.name); listed != lists.end()) {
    return listed->second;
  }
  std::vector<std::string> urls;
  urls.reserve(pool.backends.size());
  for (const BackendConfig& backend : pool.backends) {
    urls.push_back(backend.url);
  }
  return urls;
}

std::uint32_t weight_of(const PoolConfig& pool, std::string_view url) {
  const auto found = std::find_if(pool.backends.begin(), pool.backends.end(),
                                  [&](const BackendConfig& backend) { return backend.url == url; });
  return found == pool.backends.end() ? 1 : found->weight;
}

balance::BackendSet build_backends(const PoolConfig& pool, const BackendLists& lists, const routing::Pool* previous) {
  std::vector<balance::Backend> backends;
  std::map<std::string, std::shared_ptr<balance::BackendActivity>> cells;  // a URL listed twice is one backend
  for (const std::string& url : urls_of(pool, lists)) {
    Result<balance::BackendAddress> address = balance::parse_backend_url(url);
    if (!address) {
      continue;
    }
    std::shared_ptr<balance::BackendActivity>& activity = cells[url];
    if (!activity) {
      const balance::Backend* before = previous == nullptr ? nullptr : previous->backends.find(url);
      activity = before == nullptr ? std::make_shared<balance::BackendActivity>() : before->activity;
    }
    backends.push_back(balance::Backend{.url = url,
                                        .host = std::move(address->host),
                                        .port = address->port,
                                        .weight = weight_of(pool, url),
                                        .activity = activity});
  }
  return balance::BackendSet(std::move(backends));
}

routing::Route build_route(const RouteConfig& route, const Config& config) {
  const auto pool = std::find_if(config.pools.begin(), config.pools.end(),
                                 [&](const PoolConfig& candidate) { return candidate.name == route.pool; });
  routing::Route built;
  built.name = route.path;
  built.path = route.path;
  built.is_prefix = route.is_prefix;
  built.methods = route.methods;
  built.pool = static_cast<std::uint32_t>(pool - config.pools.begin());
  built.strategy = route.strategy;
  built.rewrite_path = route.rewrite_path;
  built.strategy_parameter = route.strategy_parameter;
  built.annotated = route.annotated;
  built.body_max = route.body.value_or(config.limits.body);
  built.first_byte = route.first_byte.value_or(config.timeouts.first_byte);
  built.idle = route.idle.value_or(config.timeouts.idle);
  return built;
}

}  // namespace

std::shared_ptr<const routing::Snapshot> build_snapshot(const Config& config, const BackendLists& lists,
                                                        const routing::Snapshot* previous, std::uint64_t version) {
  auto snapshot = std::make_shared<routing::Snapshot>();
  snapshot->version = version;
  snapshot->head_limits = http::HeadLimits{.head = config.limits.head,
                                           .line = config.limits.line,
                                           .fields = config.limits.fields,
                                           .target = config.limits.target};
  snapshot->timeouts = routing::Timeouts{.header = config.timeouts.header,
                                         .body_idle = config.timeouts.body_idle,
                                         .keep_alive = config.timeouts.keep_alive,
                                         .connect = config.timeouts.connect,
                                         .first_byte = config.timeouts.first_byte,
                                         .idle = config.timeouts.idle,
                                         .drain = config.timeouts.drain};
  for (const std::string& range : config.trusted_proxies) {
    if (const auto parsed = routing::parse_address_range(range)) {
      snapshot->trusted_proxies.push_back(*parsed);
    }
  }
  for (const PoolConfig& pool : config.pools) {
    const routing::Pool* before = find_pool(previous, pool.name);
    snapshot->pools.push_back(std::make_unique<const routing::Pool>(
        pool.name, static_cast<std::uint32_t>(snapshot->pools.size()), pool.strategy,
        build_backends(pool, lists, before),
        before == nullptr ? std::make_shared<balance::PoolActivity>() : before->activity));
  }
  std::vector<routing::Route> routes;
  routes.reserve(config.routes.size());
  for (const RouteConfig& route : config.routes) {
    routes.push_back(build_route(route, config));
  }
  snapshot->routes = routing::RouteTable(std::move(routes));
  return snapshot;
}

}  // namespace fairlead::control
