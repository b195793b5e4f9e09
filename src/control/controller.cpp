#include "control/controller.hpp"

#include <algorithm>
#include <utility>

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

}  // namespace

Controller::Controller(Config config, const Log& log, Publish publish)
    : config_(std::move(config)), log_(log), publish_(std::move(publish)) {
  snapshot_ = build_snapshot(config_, lists_, nullptr, ++version_);
}

void Controller::reload(Config config) {
  for (const std::string_view key : keys_for_restart(config_, config)) {
    log_.warn("key takes effect at the next start only", {{"key", key}});
  }
  config_ = std::move(config);
  ++reloads_;
  publish_next();
  log_.info("configuration reloaded", {{"generation", version_}});
}

void Controller::reload_failed() {
  ++failed_reloads_;
}

void Controller::backends_listed(const std::string& pool, std::vector<std::string> urls) {
  const auto known = lists_.find(pool);
  if (known != lists_.end() && known->second == urls) {
    return;
  }
  log_.info("backends changed", {{"pool", pool}, {"backends", urls.size()}});
  lists_.insert_or_assign(pool, std::move(urls));
  publish_next();
}

void Controller::publish_next() {
  snapshot_ = build_snapshot(config_, lists_, snapshot_.get(), ++version_);
  publish_(snapshot_);
}

}  // namespace fairlead::control
