// The one writer of snapshots: a reload and a changed list of backends are the same act here, build and publish.
// Thread rule: the control loop's thread. Lifetime: what it is given outlives it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "control/config.hpp"
#include "control/snapshot_builder.hpp"

namespace fairlead::control {

class Controller {
 public:
  using Publish = std::function<void(std::shared_ptr<const routing::Snapshot>)>;

  Controller(Config config, const Log& log, Publish publish);
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  /// Replaces the configuration by one that validation passed. Keys that take effect only at start are named in the log
  /// when they differ.
  void reload(Config config);
  /// A reload was refused; counts it. The faults have been logged.
  void reload_failed();
  /// The shared state lists these backends for the pool now.
  void backends_listed(const std::string& pool, std::vector<std::string> urls);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const std::shared_ptr<const routing::Snapshot>& snapshot() const { return snapshot_; }
  [[nodiscard]] std::uint64_t reloads() const { return reloads_; }
  [[nodiscard]] std::uint64_t failed_reloads() const { return failed_reloads_; }

 private:
  void publish_next();

  Config config_;
  const Log& log_;
  Publish publish_;
  BackendLists lists_;
  std::shared_ptr<const routing::Snapshot> snapshot_;
  std::uint64_t version_ = 0;
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;
};

}  // namespace fairlead::control
