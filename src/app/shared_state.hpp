// What an instance shares with others, joined: one store a worker, and on the control loop the watch over the lists of
// backends and the sync with the other instances. With memory:// there is nothing to watch and
// the stores answer from the process' own cells.
// Thread rule: made before threads start; make_store() likewise; the rest on the control loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/log.hpp"
#include "control/controller.hpp"
#include "control/fleet_desk.hpp"
#include "core/metrics/registry.hpp"
#include "fleet/backend_list_watch.hpp"
#include "fleet/fleet_inspector.hpp"
#include "fleet/fleet_sync.hpp"
#include "fleet/store_factory.hpp"
#include "io/resolver.hpp"
#include "io/tls_context.hpp"

namespace fairlead::app {

class SharedState final : public control::FleetDesk {
 public:
  /// Calls back once every worker has taken up the last snapshot.
  using WhenAdopted = std::function<void(std::function<void()> done)>;

  /// Everything outlives it. The controller's configuration is one that validation passed. An edit is done when
  /// `when_adopted` says that every worker goes by it.
  SharedState(control::Controller& controller, WhenAdopted when_adopted, io::EventLoop& control_loop,
              io::ResolverThread& resolver_thread, metrics::Registry& registry, const Log& log);
  SharedState(const SharedState&) = delete;
  SharedState& operator=(const SharedState&) = delete;

  /// Why no store can be made, as a sentence; nothing: they can.
  [[nodiscard]] std::optional<std::string> fault() const;
  std::unique_ptr<fleet::StateStore> make_store(unsigned worker, io::EventLoop& loop, io::Resolver& resolver,
                                                metrics::Shard& shard);
  /// Follows the lists of the controller's pools from now on.
  void start();
  /// The controller published another snapshot.
  void adopt(const routing::Snapshot& snapshot);
  /// The configuration was reloaded.
  void reconfigure(const control::Config& config);
  io::Task<> stop();

  // FleetDesk:
  void look(Looked done) override;
  void edit(const std::string& pool, const balance::BackendEdit& edit, Edited done) override;

  /// Every worker has joined and every list was read; always so with memory://.
  [[nodiscard]] bool is_joined() const;
  /// Pools whose configured backends Redis refuses to register.
  [[nodiscard]] std::size_t unregistered_pools() const { return watch_ ? watch_->unregistered().size() : 0; }
  /// For the log: the state's URL without its password.
  [[nodiscard]] std::string shown() const { return fleet::redacted(settings_.url); }

 private:
  /// What is known without asking.
  [[nodiscard]] control::FleetView local_view() const;
  void add_picture(control::FleetView& view, const fleet::FleetPicture& picture) const;
  std::unique_ptr<fleet::FleetSync> make_sync(const control::Config& config, io::EventLoop& control_loop,
                                              metrics::Registry& registry);

  control::Controller& controller_;
  WhenAdopted when_adopted_;
  std::string ca_file_;
  std::optional<Result<io::TlsContext>> tls_;  ///< for rediss://
  fleet::StateSettings settings_;
  const Log& log_;
  fleet::StateStatus status_;
  fleet::StateFamilies families_;
  io::Resolver resolver_;
  std::unique_ptr<fleet::BackendListWatch> watch_;    ///< nullptr with memory://
  std::unique_ptr<fleet::FleetInspector> inspector_;  ///< nullptr with memory://
  std::unique_ptr<fleet::FleetSync> sync_;            ///< nullptr with memory://; a reader in exact
  std::string_view coordination_;
  std::size_t pools_ = 0;
  std::set<std::string> listed_;
};

}  // namespace fairlead::app
