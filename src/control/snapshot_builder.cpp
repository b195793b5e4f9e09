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

std::shared_ptr<balance::BackendActivity> activity_of(const routing::Pool* previous, std::string_view url) {
  for (const balance::BackendSet* set :
       {previous == nullptr ? nullptr : &previous->backends, previous == nullptr ? nullptr : &previous->draining}) {
    const balance::Backend* before = set == nullptr ? nullptr : set->find(url);
    if (before != nullptr) {
      return before->activity;
    }
  }
  return std::make_shared<balance::BackendActivity>();
}

routing::Affinity affinity_of(const PoolConfig& config) {
  using Source = routing::KeyRule::Source;
  routing::Affinity affinity;
  affinity.load_max = static_cast<float>(config.hash_load_max) / 100;
  for (const auto& [source, name] :
       {std::pair{Source::header, &config.hash_key.header}, std::pair{Source::cookie, &config.hash_key.cookie},
        std::pair{Source::query_parameter, &config.hash_key.query_parameter}}) {
    if (!name->empty()) {
      affinity.key = {source, *name};
    }
  }
  return affinity;
}

std::unique_ptr<const routing::Pool> build_pool(const PoolConfig& config, const BackendLists& lists,
                                                const routing::Pool* previous, bool by_key) {
  const auto listed = lists.find(config.name);
  const std::vector<balance::ListedBackend> entries =
      listed != lists.end() ? listed->second : configured_backends(config);
  std::vector<balance::Backend> serving;
  std::vector<balance::Backend> draining;
  std::map<std::string_view, std::shared_ptr<balance::BackendActivity>> cells;  // a URL listed twice is one backend
  for (const balance::ListedBackend& entry : entries) {
    Result<balance::BackendAddress> address = balance::parse_backend_url(entry.url);
    if (!address) {
      continue;
    }
    std::shared_ptr<balance::BackendActivity>& activity = cells[entry.url];
    activity = activity ? activity : activity_of(previous, entry.url);
    (entry.is_draining() ? draining : serving)
        .push_back(balance::Backend{.url = entry.url,
                                    .host = std::move(address->host),
                                    .port = address->port,
                                    .weight = entry.weight,
                                    .activity = activity});
  }
  return std::make_unique<const routing::Pool>(
      config.name, config.strategy, balance::BackendSet(std::move(serving)),
      previous == nullptr ? std::make_shared<balance::PoolActivity>() : previous->activity,
      balance::BackendSet(std::move(draining)), affinity_of(config), by_key);
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

bool chooses_by_key(const Config& config, const PoolConfig& pool) {
  return balance::goes_by_key(pool.strategy) || std::ranges::any_of(config.routes, [&](const RouteConfig& route) {
           return route.pool == pool.name &&
                  ((route.strategy && balance::goes_by_key(*route.strategy)) || !route.strategy_parameter.empty());
         });
}

std::vector<balance::ListedBackend> configured_backends(const PoolConfig& pool) {
  std::vector<balance::ListedBackend> backends;
  backends.reserve(pool.backends.size());
  for (const BackendConfig& backend : pool.backends) {
    backends.push_back({.url = backend.url, .weight = backend.weight});
  }
  return backends;
}

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
    snapshot->pools.push_back(build_pool(pool, lists, find_pool(previous, pool.name), chooses_by_key(config, pool)));
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
