#include "proxy/worker.hpp"

#include <utility>

namespace fairlead::proxy {
namespace {

constexpr std::chrono::seconds limit_said_every{10};

}  // namespace

Worker::Worker(const Parts& parts, std::shared_ptr<const routing::Snapshot> snapshot)
    : loop_(parts.loop),
      log_(parts.log),
      metrics_(parts.families, parts.shard),
      failures_(parts.log),
      date_(parts.loop),
      upstreams_(parts.loop, parts.resolver, metrics_),
      tools_{parts.loop, parts.store, upstreams_, metrics_, failures_, date_},
      connections_max_(parts.connections_max),
      connections_configured_(parts.connections_configured) {
  adopt(std::move(snapshot));
}

Worker::~Worker() = default;

Result<void> Worker::listen(io::Address& address) {
  auto listener = std::make_unique<io::Listener>(
      loop_, log_, [this](int descriptor, const io::Address& peer) { accepted(descriptor, peer); });
  const Result<void> opened = listener->open(address);
  if (opened) {
    address = listener->address();
    listeners_.push_back(std::move(listener));
  }
  return opened;
}

void Worker::start() {
  for (const auto& listener : listeners_) {
    listener->start();
  }
}

void Worker::adopt(std::shared_ptr<const routing::Snapshot> snapshot) {
  std::size_t backends = 0;
  for (const auto& pool : snapshot->pools) {
    backends += pool->backends.size();
  }
  upstreams_.adopt(backends);
  snapshot_ = SnapshotRef(new AdoptedSnapshot(std::move(snapshot), metrics_));
}

void Worker::accepted(int descriptor, const io::Address& peer) {
  scope_.spawn(serve_connection(descriptor, io::PeerIp(peer)));
  if (clients_.size() >= connections_max_ && !at_limit_) {
    at_limit_ = true;
    if (loop_.now() >= say_limit_from_) {  // at its limit, it gets there with each client that takes another's place
      say_limit_from_ = loop_.now() + limit_said_every;
      log_.warn("a worker has its share of limits.connections, its new clients wait",
                {{"share", clients_.size()}, {"limits.connections", connections_configured_}});
    }
    for (const auto& listener : listeners_) {
      listener->pause();
    }
  }
}

io::Task<> Worker::serve_connection(int descriptor, io::PeerIp peer) {
  Client client{DownstreamConnection(loop_, memory_pool_, *this, peer), clients_.size()};
  enter(client);
  co_await client.connection.run(descriptor);
  leave(client);
}

void Worker::enter(Client& client) {
  clients_.push_back(&client);
  metrics_.downstream_connections().add(1);
}

void Worker::leave(const Client& client) {
  metrics_.downstream_connections().add(-1);
  clients_.back()->place = client.place;
  clients_[client.place] = clients_.back();
  clients_.pop_back();
  if (at_limit_ && clients_.size() < connections_max_) {
    at_limit_ = false;
    for (const auto& listener : listeners_) {
      listener->resume();
    }
  }
}

ConnectionPolicy Worker::policy() const {
  const routing::Snapshot& snapshot = **snapshot_;
  return ConnectionPolicy{.limits = snapshot.head_limits,
                          .header = snapshot.timeouts.header,
                          .keep_alive = snapshot.timeouts.keep_alive,
                          .write = snapshot.timeouts.idle};
}

io::Task<Served> Worker::serve(DownstreamConnection& client) {
  Exchange exchange(tools_, snapshot_, client);
  const Served served = co_await exchange.run();
  co_return served;
}

void Worker::refused(const Error& error, int status) {
  if (failures_.tells_requests()) {
    failures_.request_failed({}, status, reason_of(error));
  }
  metrics_.count_client_reject(name_of(error.kind));
  const std::chrono::duration<double> none(0);
  metrics_.count_request(snapshot_->unrouted(), http::Method::other, status, none.count());
}

void Worker::drain(io::TimePoint deadline, std::function<void()> drained) {
  for (const auto& listener : listeners_) {
    listener->close();
  }
  // Draining an idle connection ends it only in the loop's next completions, so all stay where they are meanwhile.
  for (Client* client : clients_) {
    client->connection.drain();
  }
  drain_timer_.context = this;
  drain_timer_.on_expiry = [](io::Timer& timer) {
    auto& worker = *static_cast<Worker*>(timer.context);
    worker.log_.warn("requests were still under way at the end of the drain time",
                     {{"connections", worker.clients_.size()}});
    for (Client* client : worker.clients_) {
      client->connection.abort();
    }
  };
  loop_.timers().arm(drain_timer_, deadline);
  ending_.spawn(await_end(std::move(drained)));
}

void Worker::hasten(io::TimePoint deadline) {
  if (drain_timer_.is_armed()) {
    loop_.timers().arm(drain_timer_, deadline);
  }
}

io::Task<> Worker::await_end(std::function<void()> drained) {
  co_await scope_.join();
  drain_timer_.cancel();
  upstreams_.close_idle();
  drained();
}

}  // namespace fairlead::proxy
