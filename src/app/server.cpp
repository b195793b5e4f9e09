#include "app/server.hpp"

#include <algorithm>
#include <utility>

#include "app/descriptor_limit.hpp"
#include "app/listen_failure.hpp"
#include "app/version.hpp"
#include "control/process_metrics.hpp"
#include "io/sleep.hpp"

namespace fairlead::app {
namespace {

unsigned worker_count(const control::Config& config) {
  return config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
}

constexpr std::chrono::seconds ready_within{1};
constexpr std::chrono::milliseconds ready_poll{20};

}  // namespace

Server::Server(control::Config config, const Log& log, Reread reread, std::function<void()> ended)
    : log_(log),
      reread_(std::move(reread)),
      ended_(std::move(ended)),
      families_(registry_),
      controller_(std::move(config), log, [this](const auto& snapshot) { publish(snapshot); }),
      state_(
          controller_, [this](std::function<void()> done) { when_adopted(std::move(done)); }, control_loop_,
          resolver_thread_, registry_, log),
      admin_({control_loop_, registry_, controller_, state_, version, log}),
      engines_(controller_.config().engine, log) {}

Server::~Server() {
  end();
}

std::optional<std::string> Server::start() {
  const control::Config& config = controller_.config();
  connections_each_ = ensure_descriptors(
      {.connections = config.limits.connections, .workers = worker_count(config), .addresses = config.listen.size()},
      log_);
  add_metrics();
  if (auto failure = state_.fault()) {
    return failure;
  }
  if (engines_.fault()) {
    return engines_.fault();
  }
  if (auto failure = make_workers()) {
    return failure;
  }
  if (auto failure = listen()) {
    return failure;
  }
  for (const auto& each : workers_) {
    each->loop.post([&each] {
      each->store->start();
      each->worker->start();
    });
    each->thread = std::thread([&each] { each->loop.run(); });
  }
  control_loop_.post([this] {
    state_.start();
    admin_.start();
    starting_.spawn(become_ready());
  });
  control_thread_ = std::thread([this] { control_loop_.run(); });
  log_.info(
      "fairlead serves",
      {{"version", version}, {"workers", workers_.size()}, {"engine", engines_.name()}, {"state", state_.shown()}});
  return std::nullopt;
}

void Server::add_metrics() {
  control::add_process_metrics(registry_);
  control::add_build_info(registry_, version, engines_.name());
  const auto gauge = [this](std::string name, std::string help, metrics::MetricType type, auto read) {
    registry_.add_collected(
        metrics::Family{.name = std::move(name), .help = std::move(help), .type = type, .labels = {}, .bounds = {}},
        [read](metrics::FamilySamples& samples) {
          samples.samples.push_back({.label_values = {}, .value = static_cast<double>(read()), .histogram = {}});
        });
  };
  using metrics::MetricType;
  gauge("fairlead_unregistered_pools", "Pools whose configured backends Redis refuses to register; they serve.",
        MetricType::gauge, [this] { return state_.unregistered_pools(); });
  gauge("fairlead_config_generation", "Snapshots published since the start.", MetricType::gauge,
        [this] { return controller_.snapshot()->version; });
  gauge("fairlead_config_reloads_total", "Reloads that took effect.", MetricType::counter,
        [this] { return controller_.reloads(); });
  gauge("fairlead_config_failed_reloads_total", "Reloads refused because of faults in the file.", MetricType::counter,
        [this] { return controller_.failed_reloads(); });
}

/// Ready once the fleet's view is there; a Redis that is away delays that for a moment only, since requests are served
/// without it as well.
io::Task<> Server::become_ready() {
  const io::TimePoint at_the_latest = control_loop_.now() + ready_within;
  while (!draining_ && !state_.is_joined() && control_loop_.now() < at_the_latest) {
    co_await io::SleepUntil(control_loop_, control_loop_.now() + ready_poll);
  }
  admin_.set_ready(!draining_);
}

std::optional<std::string> Server::make_workers() {
  const unsigned count = worker_count(controller_.config());
  for (unsigned index = 0; index < count; ++index) {
    std::unique_ptr<io::Engine> engine = engines_.make();
    if (!engine) {
      return engines_.fault();
    }
    auto made = std::make_unique<WorkerThread>(std::move(engine), resolver_thread_);
    metrics::Shard& shard = registry_.add_shard();
    made->store = state_.make_store(index, made->loop, made->resolver, shard);
    made->worker = std::make_unique<proxy::Worker>(
        proxy::Worker::Parts{made->loop, *made->store, made->resolver, families_, shard, log_, connections_each_,
                             controller_.config().limits.connections},
        controller_.snapshot());
    workers_.push_back(std::move(made));
  }
  return std::nullopt;
}

std::optional<std::string> Server::listen() {
  std::vector<std::string> opened_addresses;
  for (const control::ListenerConfig& listener : controller_.config().listen) {
    std::optional<io::Address> address = io::Address::parse(listener.address);
    if (!address) {
      return "can't listen on " + listener.address + ": not an address; use IP:PORT or [IPv6]:PORT";
    }
    // Workers share the port, and so would a second instance without a word: look first.
    if (const Result<void> free = io::Listener::probe(*address); !free) {
      return cannot_listen("--set listen=IP:PORT", *address, free.error());
    }
    for (const auto& each : workers_) {
      if (const Result<void> opened = each->worker->listen(*address); !opened) {
        return cannot_listen("--set listen=IP:PORT", *address, opened.error());
      }
    }
    opened_addresses.push_back(address->text());
  }
  const std::string& text = controller_.config().admin_address;
  std::optional<io::Address> admin = io::Address::parse(text);
  if (!admin) {
    return "can't listen on " + text + ": not an address; use IP:PORT or [IPv6]:PORT";
  }
  if (const Result<void> free = io::Listener::probe(*admin); !free) {
    return cannot_listen("--set admin.address=IP:PORT", *admin, free.error());
  }
  if (const Result<void> opened = admin_.listen(*admin); !opened) {
    return cannot_listen("--set admin.address=IP:PORT", *admin, opened.error());
  }
  // Said when all are open: the last one may be the one that ends the start.
  for (const std::string& address : opened_addresses) {
    log_.info("listening", {{"address", address}});
  }
  log_.info("admin listening", {{"address", admin->text()}});
  return std::nullopt;
}

void Server::publish(const std::shared_ptr<const routing::Snapshot>& snapshot) {
  for (const auto& each : workers_) {
    each->loop.post([worker = each->worker.get(), snapshot] { worker->adopt(snapshot); });
  }
  state_.adopt(*snapshot);
}

/// A worker's mail is in order: its answer comes after it has adopted. Mail that finds no room is taken for answered,
/// so that nobody waits for ever.
void Server::when_adopted(std::function<void()> done) {
  const std::uint64_t asked = ++adoptions_asked_;
  adoptions_.emplace(asked, Adoption{workers_.size(), std::move(done)});
  for (const auto& each : workers_) {
    const bool is_sent = each->loop.post([this, asked] { control_loop_.post([this, asked] { adopted(asked); }); });
    if (!is_sent) {
      adopted(asked);
    }
  }
}

void Server::adopted(std::uint64_t asked) {
  const auto found = adoptions_.find(asked);
  if (--found->second.workers_left == 0) {
    const std::function<void()> done = std::move(found->second.done);
    adoptions_.erase(found);
    done();
  }
}

void Server::reload() {
  control_loop_.post([this] {
    std::optional<control::Config> config = reread_();
    if (config) {
      controller_.reload(std::move(*config));
      state_.reconfigure(controller_.config());
    } else {
      controller_.reload_failed();
    }
  });
}

void Server::drain() {
  control_loop_.post([this] { drain_on_control_loop(controller_.config().timeouts.drain); });
}

void Server::abort() {
  control_loop_.post([this] { drain_on_control_loop(std::chrono::milliseconds(0)); });
}

void Server::drain_on_control_loop(std::chrono::milliseconds patience) {
  log_.info("draining", {{"patience_ms", patience.count()}});
  admin_.set_ready(false);
  const bool is_first = !std::exchange(draining_, true);
  undrained_ = is_first ? workers_.size() : undrained_;
  for (const auto& each : workers_) {
    each->loop.post([this, is_first, patience, worker = each.get()] {
      const io::TimePoint deadline = worker->loop.now() + patience;
      if (is_first) {
        worker->worker->drain(deadline, [this, worker] { worker->ending.spawn(leave_fleet(*worker)); });
      } else {
        worker->worker->hasten(deadline);
      }
    });
  }
}

/// On the worker's loop, after its last request.
io::Task<> Server::leave_fleet(WorkerThread& worker) {
  co_await worker.store->stop();
  control_loop_.post([this] { worker_drained(); });
}

void Server::worker_drained() {
  --undrained_;
  if (undrained_ == 0) {
    log_.info("drained");
    ending_.spawn(close_control());
  }
}

io::Task<> Server::close_control() {
  co_await starting_.join();
  co_await state_.stop();
  admin_.close();
  co_await admin_.scope().join();
  ended_();
}

void Server::end() {
  for (const auto& each : workers_) {
    each->loop.stop();
    if (each->thread.joinable()) {
      each->thread.join();
    }
  }
  control_loop_.stop();
  if (control_thread_.joinable()) {
    control_thread_.join();
  }
}

}  // namespace fairlead::app
