#include "control/controller.hpp"

#include <algorithm>
#include <utility>

#include "core/balance/list_change.hpp"

namespace fairlead::control {
namespace {

std::string addresses_of(const Config& config) {
  std::string text;
  for (const ListenerConfig& listener : config.listen) {
    text += listener.address + " ";
  }
  return text;
}

/// Keys that are read at start only and differ between the two.
std::vector<std::string_view> keys_for_restart(const Config& before, const Config& after) {
  std::vector<std::string_view> keys;
  const auto differs = [&](bool different, std::string_view key) {
    if (different) {
      keys.push_back(key);
    }
  };
  differs(addresses_of(before) != addresses_of(after), "listen");
  differs(before.admin_address != after.admin_address, "admin.address");
  differs(before.workers != after.workers, "workers");
  differs(before.engine != after.engine, "engine");
  differs(before.state.url != after.state.url, "state.url");
  differs(before.state.coordination != after.state.coordination, "state.coordination");
  differs(before.state.sync_interval != after.state.sync_interval, "state.sync_interval");
  differs(before.state.key_prefix != after.state.key_prefix, "state.key_prefix");
  differs(before.state.ca_file != after.state.ca_file, "state.ca_file");
  differs(before.limits.connections != after.limits.connections, "limits.connections");
  return keys;
}

/// The top-level keys whose values differ, with commas.
std::string changed_keys(const Config& before, const Config& after) {
  std::string keys;
  const auto differs = [&keys](bool different, std::string_view key) {
    if (different) {
      keys.append(keys.empty() ? "" : ",").append(key);
    }
  };
  differs(before.listen != after.listen, "listen");
  differs(before.admin_address != after.admin_address || before.admin_token_file != after.admin_token_file ||
              before.admin_token != after.admin_token,
          "admin");
  differs(before.workers != after.workers, "workers");
  differs(before.engine != after.engine, "engine");
  differs(before.state != after.state, "state");
  differs(before.limits != after.limits, "limits");
  differs(before.timeouts != after.timeouts, "timeouts");
  differs(before.trusted_proxies != after.trusted_proxies, "trusted_proxies");
  differs(before.pools != after.pools, "pools");
  differs(before.routes != after.routes, "routes");
  return keys.empty() ? "nothing" : keys;
}

}  // namespace

Controller::Controller(Config config, const Log& log, Publish publish)
    : config_(std::move(config)), started_(config_), log_(log), publish_(std::move(publish)) {
  snapshot_ = build_snapshot(config_, lists_, nullptr, ++version_);
}

void Controller::reload(Config config) {
  for (const std::string_view key : keys_for_restart(started_, config)) {
    log_.warn("key takes effect at the next start only", {{"key", key}});
  }
  const std::string changed = changed_keys(config_, config);
  bring_in(config);
  config_ = std::move(config);
  ++reloads_;
  publish_next();
  log_.info("configuration reloaded", {{"generation", version_}, {"changed", changed}});
}

void Controller::reload_failed() {
  ++failed_reloads_;
}

void Controller::backends_listed(const std::string& pool, std::vector<balance::ListedBackend> list) {
  const auto known = lists_.find(pool);
  if (known != lists_.end() && known->second == list) {
    return;
  }
  if (const std::vector<balance::ListedBackend> before = list_of(pool); before != list) {
    log_.info(
        "backends changed",
        {{"pool", pool}, {"backends", list.size()}, {"change", balance::shown(balance::change_between(before, list))}});
  }
  lists_.insert_or_assign(pool, std::move(list));
  publish_next();
}

balance::EditOutcome Controller::edit(const std::string& pool, const balance::BackendEdit& edit, std::int64_t now_ms) {
  std::vector<balance::ListedBackend> list = list_of(pool);
  const balance::EditOutcome outcome = balance::apply(edit, list, now_ms);
  if (outcome == balance::EditOutcome::added || outcome == balance::EditOutcome::changed) {
    edited_.insert(pool);
    backends_listed(pool, std::move(list));
  }
  return outcome;
}

std::vector<balance::ListedBackend> Controller::list_of(std::string_view pool) const {
  if (const auto listed = lists_.find(pool); listed != lists_.end()) {
    return listed->second;
  }
  const auto configured = std::ranges::find(config_.pools, pool, &PoolConfig::name);
  return configured == config_.pools.end() ? std::vector<balance::ListedBackend>() : configured_backends(*configured);
}

/// To a list that was edited here: backends that are new in the file or weigh otherwise there; those that left the file
/// go.
void Controller::bring_in(const Config& next) {
  for (const std::string& name : edited_) {
    const auto before = std::ranges::find(config_.pools, name, &PoolConfig::name);
    const auto after = std::ranges::find(next.pools, name, &PoolConfig::name);
    if (before == config_.pools.end() || after == next.pools.end()) {
      continue;
    }
    std::vector<balance::ListedBackend>& list = lists_[name];
    const auto has_url = [](const PoolConfig& pool, const std::string& url) {
      return std::ranges::find(pool.backends, url, &BackendConfig::url) != pool.backends.end();
    };
    std::erase_if(list,
                  [&](const auto& listed) { return has_url(*before, listed.url) && !has_url(*after, listed.url); });
    for (const BackendConfig& backend : after->backends) {
      if (std::ranges::find(before->backends, backend) == before->backends.end()) {
        const auto listed = std::ranges::find(list, backend.url, &balance::ListedBackend::url);
        if (listed == list.end()) {
          list.push_back({.url = backend.url, .weight = backend.weight});
        } else {
          listed->weight = backend.weight;
        }
      }
    }
  }
}

/// Once when nobody is left, and once when somebody is there again.
void Controller::tell_idle_pools() {
  std::set<std::string> idle;
  for (const auto& pool : snapshot_->pools) {
    if (pool->backends.empty()) {
      idle.insert(pool->name);
      if (!idle_.contains(pool->name)) {
        log_.warn("no backend of a pool takes requests, they are answered 503",
                  {{"pool", pool->name}, {"draining", pool->draining.size()}});
      }
    } else if (idle_.contains(pool->name)) {
      log_.info("backends of a pool take requests again", {{"pool", pool->name}, {"backends", pool->backends.size()}});
    }
  }
  idle_ = std::move(idle);
}

void Controller::publish_next() {
  snapshot_ = build_snapshot(config_, lists_, snapshot_.get(), ++version_);
  tell_idle_pools();
  publish_(snapshot_);
}

}  // namespace fairlead::control
