// A whole worker of the proxy on the simulated engine, scripted backends behind it and clients before it:
//   ProxyBed bed(2);
//   bed.backend(0).answer = ok("hello");
//   EXPECT_EQ(body_of(bed.once(get("/a"))), "hello");
// Its end drains the worker and expects that nothing is left: no socket, no request in flight, no gauge above 0.
// Header only, so that programs of lower layers needn't link the proxy. Thread rule: the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "core/http/body_framing.hpp"
#include "core/http/head_parser.hpp"
#include "core/metrics/registry.hpp"
#include "fleet/memory_store.hpp"
#include "io/resolver.hpp"
#include "proxy/worker.hpp"
#include "support/simulation.hpp"

namespace fairlead::testing {

inline std::string get(std::string_view path, std::string_view fields = {}) {
  return std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: site\r\n").append(fields).append("\r\n");
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = {}) {
  return std::string("POST ")
      .append(path)
      .append(" HTTP/1.1\r\nHost: site\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n")
      .append(fields)
      .append("\r\n")
      .append(body);
}
inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
/// 0 when there is no answer.
inline int status_of(std::string_view answer) {
  return answer.size() < 12 ? 0 : std::atoi(std::string(answer.substr(9, 3)).c_str());
}
inline std::string body_of(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? "no head" : std::string(answer.substr(end + 4));
}
inline bool has_line(std::string_view message, std::string_view line) {
  return message.substr(0, message.find("\r\n\r\n") + 2).find("\r\n" + std::string(line) + "\r\n") !=
         std::string_view::npos;
}

/// One backend. With an `answer` it gives it to every whole request; without, the test plays it by hand.
class ScriptedBackend {
 public:
  ScriptedBackend(Simulation& world, std::uint16_t port)
      : address(*io::Address::from_ip("127.0.0.1", port)),
        url("http://127.0.0.1:" + std::to_string(port)),
        world_(world) {
    serve();
  }
  ScriptedBackend(const ScriptedBackend&) = delete;
  ScriptedBackend& operator=(const ScriptedBackend&) = delete;

  void serve() {
    world_.engine().serve(address, [this](Peer& peer) {
      connections.push_back(&peer);
      peer.on_received = [this](Peer& from) { received(from); };
    });
  }
  void refuse() { world_.engine().refuse(address); }
  /// The connection made last.
  Peer& last() { return *connections.back(); }

  io::Address address;
  std::string url;
  std::string answer;
  std::vector<Peer*> connections;
  std::vector<std::string> requests;  ///< whole ones that were answered

 private:
  void received(Peer& peer) {
    if (!answer.empty() && is_whole(peer.received())) {
      requests.push_back(peer.take_received());
      peer.send(answer);
    }
  }
  static bool is_whole(std::string_view bytes) {
    http::RequestHead head;
    const http::HeadLimits limits;
    http::RequestHeadParser parser(limits, head);
    if (parser.parse(bytes) != http::ParseStatus::complete) {
      return false;
    }
    bytes.remove_prefix(head.size);
    http::BodyDecoder decoder(*http::request_framing(head));
    while (!decoder.finished() && !bytes.empty()) {
      bytes.remove_prefix(decoder.next(bytes)->consumed);
    }
    return decoder.finished();
  }

  Simulation& world_;
};

class LogLines final : public LogSink {
 public:
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
  [[nodiscard]] bool has(std::string_view part) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  std::vector<std::string> lines;
};

/// What a snapshot is made of; successive ones share the backends' cells as the builder's do.
struct SnapshotPlan {
  std::vector<std::string> urls;
  std::vector<routing::Route> routes{proxy_route(), prefix_route()};
  routing::Timeouts timeouts;
  http::HeadLimits head_limits;
  std::vector<routing::AddressRange> trusted_proxies;
  balance::StrategyId strategy = balance::StrategyId::round_robin;
  routing::Affinity affinity;
  std::map<std::string, std::shared_ptr<balance::BackendActivity>> activities;
  std::shared_ptr<balance::PoolActivity> pool_activity = std::make_shared<balance::PoolActivity>();

  static routing::Route proxy_route() {
    routing::Route route;
    route.name = route.path = "/proxy";
    route.methods = {"POST"};
    route.rewrite_path = "/process";
    route.strategy_parameter = "strategy";
    route.annotated = true;
    return route;
  }
  static routing::Route prefix_route() {
    routing::Route route;
    route.name = "/*";
    route.path = "/";
    route.is_prefix = true;
    return route;
  }
  std::shared_ptr<const routing::Snapshot> build() {
    std::vector<balance::Backend> backends;
    for (const std::string& url : urls) {
      auto& activity = activities[url];
      activity = activity ? activity : std::make_shared<balance::BackendActivity>();
      const balance::BackendAddress address = *balance::parse_backend_url(url);
      backends.push_back({.url = url, .host = address.host, .port = address.port, .weight = 1, .activity = activity});
    }
    auto snapshot = std::make_shared<routing::Snapshot>();
    snapshot->head_limits = head_limits;
    snapshot->timeouts = timeouts;
    snapshot->trusted_proxies = trusted_proxies;
    snapshot->pools.push_back(std::make_unique<const routing::Pool>(
        "default", strategy, balance::BackendSet(std::move(backends)), pool_activity, balance::BackendSet(), affinity));
    snapshot->routes = routing::RouteTable(routes);
    return snapshot;
  }
};

/// What a registry shows.
class Metrics {
 public:
  explicit Metrics(const metrics::Registry& registry) : registry_(registry) {}

  /// Of the series with these labels in their order, 0 without; of a histogram the number of observations.
  [[nodiscard]] double value(std::string_view family, const std::vector<std::string>& labels = {}) const {
    double found = 0;
    visit(family, [&](const auto& sample) { found += sample.label_values == labels ? value_of(sample) : 0; });
    return found;
  }
  [[nodiscard]] double sum(std::string_view family) const {
    double total = 0;
    visit(family, [&](const auto& sample) { total += value_of(sample); });
    return total;
  }

 private:
  static double value_of(const metrics::FamilySamples::Sample& sample) {
    double value = sample.value;
    for (const std::uint64_t count : sample.histogram.buckets) {
      value += static_cast<double>(count);
    }
    return value;
  }
  template <class Visit>
  void visit(std::string_view family, Visit&& visit) const {
    for (const metrics::FamilySamples& samples : registry_.collect()) {
      if (samples.family->name == family) {
        std::for_each(samples.samples.begin(), samples.samples.end(), visit);
      }
    }
  }
  const metrics::Registry& registry_;
};

/// The memory store, which keeps its answers back when told to.
class HoldingStore final : public fleet::StateStore {
 public:
  explicit HoldingStore(fleet::MemoryStore::Clock now_ms) : inner_(std::move(now_ms)) {}

  bool acquire(fleet::Acquire& want) override {
    if (!holding) {
      return inner_.acquire(want);
    }
    held_.push_back(&want);
    return false;
  }
  void cancel(fleet::Acquire& want) override { std::erase(held_, &want); }
  void release(const routing::Pool& pool, const balance::Backend& backend) override { inner_.release(pool, backend); }
  void answer() {
    for (fleet::Acquire* want : std::exchange(held_, {})) {
      inner_.acquire(*want);
      want->on_answer(*want);
    }
  }

  [[nodiscard]] std::size_t held() const { return held_.size(); }

  bool holding = false;

 private:
  fleet::MemoryStore inner_;
  std::vector<fleet::Acquire*> held_;
};

class ProxyBed {
 public:
  using Change = std::function<void(SnapshotPlan&)>;

  explicit ProxyBed(std::size_t backends = 1, const Change& change = {}, std::size_t connections_max = 100,
                    const Simulation::Wrap& wrap = {})
      : world(wrap) {
    for (std::size_t i = 0; i < backends; ++i) {
      backends_.push_back(std::make_unique<ScriptedBackend>(world, static_cast<std::uint16_t>(7000 + i)));
      plan.urls.push_back(backends_.back()->url);
    }
    if (change) {
      change(plan);
    }
    worker_ = std::make_unique<proxy::Worker>(
        proxy::Worker::Parts{world.loop(), store, resolver_, families_, registry_.add_shard(), log, connections_max},
        plan.build());
    EXPECT_TRUE(worker_->listen(address));
    worker_->start();
  }
  ProxyBed(const ProxyBed&) = delete;
  ProxyBed& operator=(const ProxyBed&) = delete;
  ~ProxyBed() {
    stop();
    expect_nothing_in_flight();
    EXPECT_EQ(metrics.sum("fairlead_downstream_connections"), 0);
    EXPECT_EQ(world.engine().open_sockets(), 0U);
  }

  /// Drains without patience.
  void stop() {
    if (!draining_) {
      drain(world.now());
      EXPECT_TRUE(world.run_until([&] { return drained; }));
    }
    world.settle();
  }
  void drain(io::TimePoint deadline) {
    draining_ = true;
    worker_->drain(deadline, [this] { drained = true; });
  }
  void expect_nothing_in_flight() const {
    EXPECT_EQ(metrics.sum("fairlead_requests_in_flight"), 0);
    EXPECT_EQ(metrics.sum("fairlead_upstream_in_flight"), 0);
    EXPECT_EQ(leases(), 0U);
  }
  [[nodiscard]] std::uint32_t leases() const {
    std::uint32_t count = 0;
    for (const auto& [url, activity] : plan.activities) {
      count += activity->in_flight.load();
    }
    return count;
  }

  Peer& connect() { return world.engine().connect(address); }
  /// Sends, and what has come back when nothing more happens without time moving on.
  std::string ask(Peer& client, std::string_view request) {
    client.send(request);
    world.settle();
    return client.take_received();
  }
  std::string once(std::string_view request) { return ask(connect(), request); }
  /// A client whose request is under way.
  Peer& begin(std::string_view request) {
    Peer& client = connect();
    client.send(request);
    world.settle();
    return client;
  }
  /// How often a request ended so.
  [[nodiscard]] double requests(std::string_view method, std::string_view route, std::string_view status) const {
    return metrics.value("http_requests_total", {std::string(method), std::string(route), std::string(status)});
  }
  [[nodiscard]] double upstream(std::size_t index, std::string_view code_class) const {
    return metrics.value("fairlead_upstream_requests_total",
                         {"default", backends_[index]->url, std::string(code_class)});
  }

  ScriptedBackend& backend(std::size_t index) { return *backends_[index]; }
  proxy::Worker& worker() { return *worker_; }

  Simulation world;
  LogLines lines;
  Log log{lines, LogLevel::debug};
  SnapshotPlan plan;
  io::Address address = *io::Address::from_ip("127.0.0.1", 5000);
  HoldingStore store{[this] { return world.now(); }};
  bool drained = false;

 private:
  std::vector<std::unique_ptr<ScriptedBackend>> backends_;
  metrics::Registry registry_;

 public:
  Metrics metrics{registry_};

 private:
  proxy::ProxyFamilies families_{registry_};
  io::ResolverThread resolver_thread_;
  io::Resolver resolver_{world.loop(), resolver_thread_};
  std::unique_ptr<proxy::Worker> worker_;
  bool draining_ = false;
};

}  // namespace fairlead::testing
