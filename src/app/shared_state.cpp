#include "app/shared_state.hpp"

#include <utility>

#include "fleet/random_id.hpp"

namespace fairlead::app {
namespace {

using Tls = std::optional<Result<io::TlsContext>>;

fleet::StateUrl url_of(const control::Config& config) {
  Result<fleet::StateUrl> url = fleet::parse_state_url(config.state.url);
  return url ? std::move(*url) : fleet::StateUrl{};
}

Tls tls_of(const control::Config& config) {
  if (url_of(config).kind != fleet::StateKind::redis_tls) {
    return std::nullopt;
  }
  io::TlsClientOptions options;
  options.ca_file = config.state.ca_file;
  return io::TlsContext::for_client(options);
}

fleet::StateSettings settings_of(const control::Config& config, const Tls& tls) {
  const io::TlsContext* context = tls && *tls ? &**tls : nullptr;
  return {url_of(config), config.state.key_prefix, context, fleet::random_id()};
}

std::vector<fleet::BackendListWatch::Pool> pools_of(const control::Config& config) {
  std::vector<fleet::BackendListWatch::Pool> pools;
  for (const control::PoolConfig& pool : config.pools) {
    fleet::BackendListWatch::Pool watched{pool.name, {}};
    for (const control::BackendConfig& backend : pool.backends) {
      watched.configured.push_back(backend.url);
    }
    pools.push_back(std::move(watched));
  }
  return pools;
}

}  // namespace

SharedState::SharedState(const control::Config& config, io::EventLoop& control_loop,
                         io::ResolverThread& resolver_thread, metrics::Registry& registry, const Log& log)
    : ca_file_(config.state.ca_file),
      tls_(tls_of(config)),
      settings_(settings_of(config, tls_)),
      log_(log),
      families_(fleet::add_state_families(registry, status_)),
      resolver_(control_loop, resolver_thread),
      pools_(config.pools.size()) {
  if (settings_.url.kind != fleet::StateKind::memory) {
    const fleet::RedisEndpoint redis{settings_.url, settings_.tls};
    watch_ = std::make_unique<fleet::BackendListWatch>(control_loop, resolver_, redis, settings_.key_prefix,
                                                       settings_.instance,
                                                       fleet::StateMetrics(registry.add_shard(), families_), log_);
    watch_->watch(pools_of(config));
    if (config.state.coordination == control::Coordination::leased) {
      sync_ = make_sync(config, control_loop, registry);
      settings_.bell = &sync_->bell();
    }
  }
}

std::unique_ptr<fleet::FleetSync> SharedState::make_sync(const control::Config& config, io::EventLoop& control_loop,
                                                         metrics::Registry& registry) {
  fleet::FleetSync::Settings settings;
  settings.member.redis = {settings_.url, settings_.tls};
  settings.member.key_prefix = settings_.key_prefix;
  settings.member.member = settings_.instance;
  if (config.state.sync_interval.count() > 0) {
    settings.interval = config.state.sync_interval;
  }
  return std::make_unique<fleet::FleetSync>(control_loop, resolver_, std::move(settings),
                                            fleet::StateMetrics(registry.add_shard(), families_), status_, log_);
}

std::optional<std::string> SharedState::fault() const {
  if (!tls_ || *tls_) {
    return std::nullopt;
  }
  const std::string subject = ca_file_.empty() ? shown() : "state.ca_file " + ca_file_;
  return subject + ": " + std::string(tls_->error().detail);
}

std::unique_ptr<fleet::StateStore> SharedState::make_store(unsigned worker, io::EventLoop& loop, io::Resolver& resolver,
                                                           metrics::Shard& shard) {
  return fleet::make_store(settings_, worker, fleet::StoreParts{loop, resolver, shard, status_, families_, log_});
}

void SharedState::start(control::Controller& controller) {
  if (watch_) {
    watch_->on_listed = [this, &controller](const std::string& pool, std::vector<std::string> urls) {
      listed_.insert(pool);
      controller.backends_listed(pool, std::move(urls));
    };
    watch_->start();
  }
  if (sync_) {
    sync_->adopt(*controller.snapshot());
    sync_->start();
  }
}

void SharedState::adopt(const routing::Snapshot& snapshot) {
  if (sync_) {
    sync_->adopt(snapshot);
  }
}

void SharedState::reconfigure(const control::Config& config) {
  if (watch_) {
    watch_->watch(pools_of(config));
  }
}

io::Task<> SharedState::stop() {
  if (watch_) {
    co_await watch_->stop();
  }
  if (sync_) {
    co_await sync_->stop();
  }
}

bool SharedState::is_joined() const {
  return !watch_ || (listed_.size() >= pools_ && !status_.is_degraded());
}

}  // namespace fairlead::app
