// The one writer of snapshots: a reload, a changed list of backends and an operator's edit of one are the same act
// here, build and publish.
// Thread rule: the control loop's thread. Lifetime: what it is given outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "control/config.hpp"
#include "control/snapshot_builder.hpp"
#include "core/balance/backend_edit.hpp"

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
  void backends_listed(const std::string& pool, std::vector<balance::ListedBackend> list);
  /// Edits the list of a configured pool that no shared state holds. Lives as long as the process; on a reload what the
  /// file changed is brought in as well.
  balance::EditOutcome edit(const std::string& pool, const balance::BackendEdit& edit, std::int64_t now_ms);
  /// The pool's list as it stands: the shared state's, the edited or the configured one. Empty: no such pool.
  [[nodiscard]] std::vector<balance::ListedBackend> list_of(std::string_view pool) const;

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const std::shared_ptr<const routing::Snapshot>& snapshot() const { return snapshot_; }
  [[nodiscard]] std::uint64_t reloads() const { return reloads_; }
  [[nodiscard]] std::uint64_t failed_reloads() const { return failed_reloads_; }

 private:
  void publish_next();
  void bring_in(const Config& next);
  void tell_idle_pools();

  Config config_;
  const Config started_;  ///< what the keys that are read at start only were
  const Log& log_;
  Publish publish_;
  BackendLists lists_;
  std::set<std::string> edited_;  ///< pools whose list is this process' own
  std::set<std::string> idle_;    ///< pools of which it was said that nobody takes requests
  std::shared_ptr<const routing::Snapshot> snapshot_;
  std::uint64_t version_ = 0;
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;
};

}  // namespace fairlead::control
