// What an instance shares with others, joined: one store a worker, and on the control loop the watch over the lists of
// backends. With memory:// there is nothing to watch and the stores answer from the process' own cells.
// Thread rule: made before threads start; make_store() likewise; the rest on the control loop.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/log.hpp"
#include "control/controller.hpp"
#include "core/metrics/registry.hpp"
#include "fleet/backend_list_watch.hpp"
#include "fleet/redis_dialer.hpp"
#include "fleet/store_factory.hpp"
#include "io/resolver.hpp"

namespace fairlead::app {

class SharedState {
 public:
  /// Everything outlives it. The configuration is one that validation passed.
  SharedState(const control::Config& config, io::EventLoop& control_loop, io::ResolverThread& resolver_thread,
              metrics::Registry& registry, const Log& log);
  SharedState(const SharedState&) = delete;
  SharedState& operator=(const SharedState&) = delete;

  /// Error: the URL needs what this build can't do.
  [[nodiscard]] Result<void> check_supported() const { return fleet::check_supported(settings_.url); }
  std::unique_ptr<fleet::StateStore> make_store(unsigned worker, io::EventLoop& loop, io::Resolver& resolver,
                                                metrics::Shard& shard);
  /// Follows the lists of the controller's pools from now on.
  void start(control::Controller& controller);
  /// The configuration was reloaded.
  void reconfigure(const control::Config& config);
  io::Task<> stop();

  /// Every worker has joined and every list was read; always so with memory://.
  [[nodiscard]] bool is_joined() const;
  /// For the log: the state's URL without its password.
  [[nodiscard]] std::string shown() const { return fleet::redacted(settings_.url); }

 private:
  fleet::StateSettings settings_;
  const Log& log_;
  fleet::StateStatus status_;
  fleet::StateFamilies families_;
  io::Resolver resolver_;
  std::unique_ptr<fleet::BackendListWatch> watch_;  ///< nullptr with memory://
  std::size_t pools_ = 0;
  std::set<std::string> listed_;
};

}  // namespace fairlead::app
