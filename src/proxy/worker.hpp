// One core's share of the proxy: its loop, listeners, client connections, upstream pools and the snapshot it serves by.
// Workers share nothing but the snapshot, relaxed counters and posted messages.
// Thread rule: made and destroyed on the owner's thread while its loop doesn't run; everything else on its loop's
// thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "fleet/state_store.hpp"
#include "io/listener.hpp"
#include "io/resolver.hpp"
#include "io/task_scope.hpp"
#include "proxy/adopted_snapshot.hpp"
#include "proxy/downstream_connection.hpp"
#include "proxy/exchange.hpp"
#include "proxy/proxy_metrics.hpp"
#include "proxy/upstream_pool.hpp"

namespace fairlead::proxy {

class Worker final : public Service {
 public:
  /// All of it outlives the worker. `connections_max`: client connections of this worker.
  struct Parts {
    io::EventLoop& loop;
    fleet::StateStore& store;
    io::Resolver& resolver;
    const ProxyFamilies& families;
    metrics::Shard& shard;
    const Log& log;
    std::size_t connections_max;
    std::size_t connections_configured = 0;  ///< for all workers together; for the log
  };

  Worker(const Parts& parts, std::shared_ptr<const routing::Snapshot> snapshot);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() override;

  /// Binds one more address; `address` gets the real port.
  Result<void> listen(io::Address& address);
  /// Begins to accept on all.
  void start();
  /// Requests that begin from now on are served by it.
  void adopt(std::shared_ptr<const routing::Snapshot> snapshot);
  /// Closes the listeners, lets requests under way end until the deadline, ends what is left, then calls `drained`.
  void drain(io::TimePoint deadline, std::function<void()> drained);

  /// Moves the deadline of a drain that is under way.
  void hasten(io::TimePoint deadline);

  // Service:
  [[nodiscard]] ConnectionPolicy policy() const override;
  io::Task<Served> serve(DownstreamConnection& client) override;
  [[nodiscard]] std::string_view date() override { return date_.text(); }
  void refused(const Error& error, int status) override;

 private:
  /// A connection and where it stands among clients_, so that it leaves without a search.
  struct Client {
    DownstreamConnection connection;
    std::size_t place;
  };

  void accepted(int descriptor, const io::Address& peer);
  io::Task<> serve_connection(int descriptor, io::PeerIp peer);
  void enter(Client& client);
  void leave(const Client& client);
  io::Task<> await_end(std::function<void()> drained);

  io::EventLoop& loop_;
  const Log& log_;
  ProxyMetrics metrics_;
  FailureLog failures_;
  DateClock date_;
  UpstreamPool upstreams_;
  ExchangeTools tools_;
  SnapshotRef snapshot_;
  RequestMemoryPool memory_pool_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  std::vector<Client*> clients_;  ///< in no order
  std::size_t connections_max_;
  std::size_t connections_configured_;
  bool at_limit_ = false;
  io::TimePoint say_limit_from_{};
  io::Timer drain_timer_;
  io::TaskScope scope_;   ///< a task a connection
  io::TaskScope ending_;  ///< what waits for their end
};

}  // namespace fairlead::proxy
