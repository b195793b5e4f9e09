// The composition root: makes the parts of a running instance, joins them, starts and drains them. Reading start()
// shows what fairlead is made of. Layers that must call upwards get a callback here. Thread rule: made, started, waited
// for and destroyed on one thread; reload(), drain() and abort() from any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/engines.hpp"
#include "app/shared_state.hpp"
#include "base/log.hpp"
#include "control/admin_api.hpp"
#include "control/controller.hpp"
#include "core/metrics/registry.hpp"
#include "io/epoll_engine.hpp"
#include "io/event_loop.hpp"
#include "io/resolver.hpp"
#include "proxy/worker.hpp"

namespace fairlead::app {

class Server {
 public:
  /// Reads the configuration again for a reload; nothing when it has faults (which it has logged).
  using Reread = std::function<std::optional<control::Config>()>;

  /// `config` is one that validation passed. `ended` is called from a thread of the server's when a drain is over.
  Server(control::Config config, const Log& log, Reread reread, std::function<void()> ended);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Nothing: it serves. Else one sentence that says why it can't.
  std::optional<std::string> start();
  void reload();
  /// Ends in order: not ready, no new connections, requests under way end within timeouts.drain; then `ended`.
  void drain();
  /// Ends a drain now: what is still under way is cut.
  void abort();

 private:
  /// A core's loop with all that runs on it.
  struct WorkerThread {
    WorkerThread(std::unique_ptr<io::Engine> its_engine, io::ResolverThread& names)
        : engine(std::move(its_engine)), resolver(loop, names) {}

    std::unique_ptr<io::Engine> engine;
    io::EventLoop loop{*engine};
    io::Resolver resolver;
    std::unique_ptr<fleet::StateStore> store;
    std::unique_ptr<proxy::Worker> worker;
    io::TaskScope ending;
    std::thread thread;
  };

  std::optional<std::string> make_workers();
  std::optional<std::string> listen();
  void publish(const std::shared_ptr<const routing::Snapshot>& snapshot);
  /// Calls `done` on the control loop once every worker has taken up what was published before.
  void when_adopted(std::function<void()> done);
  void adopted(std::uint64_t asked);
  void drain_on_control_loop(std::chrono::milliseconds patience);
  io::Task<> leave_fleet(WorkerThread& worker);
  void worker_drained();
  io::Task<> close_control();
  void end();
  void add_metrics();
  io::Task<> become_ready();

  const Log& log_;
  Reread reread_;
  std::function<void()> ended_;
  metrics::Registry registry_;
  proxy::ProxyFamilies families_;
  io::EpollEngine control_engine_;
  io::EventLoop control_loop_{control_engine_};
  control::Controller controller_;
  io::ResolverThread resolver_thread_;
  SharedState state_;
  control::AdminApi admin_;
  Engines engines_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::thread control_thread_;
  struct Adoption {
    std::size_t workers_left;
    std::function<void()> done;
  };
  std::map<std::uint64_t, Adoption> adoptions_;  ///< that somebody waits for, by number
  std::uint64_t adoptions_asked_ = 0;
  std::size_t connections_each_ = 0;  ///< of clients, that a worker may have
  std::size_t undrained_ = 0;
  bool draining_ = false;
  io::TaskScope starting_;
  io::TaskScope ending_;
};

}  // namespace fairlead::app
