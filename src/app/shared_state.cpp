#include "app/shared_state.hpp"

#include <utility>

#include "app/fleet_text.hpp"
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
  pools.reserve(config.pools.size());
  for (const control::PoolConfig& pool : config.pools) {
    pools.push_back({pool.name, control::configured_backends(pool)});
  }
  return pools;
}

}  // namespace

SharedState::SharedState(control::Controller& controller, WhenAdopted when_adopted, io::EventLoop& control_loop,
                         io::ResolverThread& resolver_thread, metrics::Registry& registry, const Log& log)
    : controller_(controller),
      when_adopted_(std::move(when_adopted)),
      ca_file_(controller.config().state.ca_file),
      tls_(tls_of(controller.config())),
      settings_(settings_of(controller.config(), tls_)),
      log_(log),
      families_(fleet::add_state_families(registry, status_)),
      resolver_(control_loop, resolver_thread),
      coordination_("memory"),
      pools_(controller.config().pools.size()) {
  const control::Config& config = controller.config();
  if (settings_.url.kind != fleet::StateKind::memory) {
    const fleet::RedisEndpoint redis{settings_.url, settings_.tls};
    watch_ = std::make_unique<fleet::BackendListWatch>(control_loop, resolver_, redis, settings_.key_prefix,
                                                       settings_.instance,
                                                       fleet::StateMetrics(registry.add_shard(), families_), log_);
    watch_->watch(pools_of(config));
    inspector_ =
        std::make_unique<fleet::FleetInspector>(control_loop, watch_->client(), fleet::KeyNames(settings_.key_prefix));
    settings_.is_leased = config.state.coordination == control::Coordination::leased;
    sync_ = make_sync(config, control_loop, registry);
    settings_.bell = &sync_->bell();
    coordination_ = settings_.is_leased ? "leased" : "exact";
  }
}

std::unique_ptr<fleet::FleetSync> SharedState::make_sync(const control::Config& config, io::EventLoop& control_loop,
                                                         metrics::Registry& registry) {
  fleet::FleetSync::Settings settings;
  settings.member.redis = {settings_.url, settings_.tls};
  settings.member.key_prefix = settings_.key_prefix;
  settings.member.member = settings_.instance;
  settings.role = settings_.is_leased ? fleet::SyncRole::member : fleet::SyncRole::reader;
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

void SharedState::start() {
  if (watch_) {
    watch_->on_listed = [this](const std::string& pool, fleet::BackendListWatch::List list) {
      listed_.insert(pool);
      controller_.backends_listed(pool, std::move(list));
    };
    watch_->start();
  }
  if (sync_) {
    sync_->adopt(*controller_.snapshot());
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

control::FleetView SharedState::local_view() const {
  control::FleetView view;
  view.instance = settings_.instance;
  view.coordination = coordination_;
  view.state = shown();
  view.step = fleet::name_of(status_.step());
  view.age_s = status_.age_s();
  if (watch_) {
    view.unregistered = watch_->unregistered();
    return view;
  }
  control::FleetView::Member self{.id = settings_.instance, .is_own = true};
  for (const auto& pool : controller_.snapshot()->pools) {
    for (const balance::BackendSet* set : {&pool->backends, &pool->draining}) {
      for (const balance::Backend& backend : *set) {
        const std::int64_t in_flight = backend.activity->in_flight.load(std::memory_order_relaxed);
        if (view.in_flight.emplace(std::pair(pool->name, backend.url), in_flight).second) {
          self.in_flight += in_flight;
        }
      }
    }
  }
  view.members.push_back(std::move(self));
  return view;
}

void SharedState::add_picture(control::FleetView& view, const fleet::FleetPicture& picture) const {
  for (const fleet::FleetPicture::Member& member : picture.members) {
    // In exact coordination a worker is a member, `<instance>.<worker>`.
    const bool is_own = member.id == settings_.instance || member.id.starts_with(settings_.instance + ".");
    view.members.push_back({printable(member.id), member.lease_ms, member.in_flight, is_own});
  }
  view.drift.emplace();
  for (const auto& pool : controller_.snapshot()->pools) {
    const auto drift = picture.drift.find(inspector_->keys().pool(pool->name));
    view.drift->emplace(pool->name, drift == picture.drift.end() ? 0 : drift->second);
    for (const balance::ListedBackend& listed : controller_.list_of(pool->name)) {
      const auto found = picture.in_flight.find(inspector_->keys().conn_count(pool->name, listed.url));
      if (found != picture.in_flight.end()) {
        view.in_flight.emplace(std::pair(pool->name, listed.url), found->second);
      }
    }
  }
}

void SharedState::look(Looked done) {
  if (!inspector_) {
    done(local_view());
    return;
  }
  std::vector<std::string> keys;
  for (const auto& pool : controller_.snapshot()->pools) {
    for (const balance::ListedBackend& listed : controller_.list_of(pool->name)) {
      keys.push_back(inspector_->keys().conn_count(pool->name, listed.url));
    }
  }
  inspector_->look(std::move(keys), [this, done = std::move(done)](std::optional<fleet::FleetPicture> picture) {
    control::FleetView view = local_view();
    if (picture) {
      add_picture(view, *picture);
    }
    done(std::move(view));
  });
}

void SharedState::edit(const std::string& pool, const balance::BackendEdit& edit, Edited done) {
  Edited adopted = [this, done = std::move(done)](const Result<balance::EditOutcome>& outcome) {
    when_adopted_([done, outcome] { done(outcome); });
  };
  if (watch_) {
    watch_->edit(pool, edit, std::move(adopted));
    return;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  adopted(controller_.edit(pool, edit, std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
}

bool SharedState::is_joined() const {
  return !watch_ || (listed_.size() >= pools_ && !status_.is_degraded());
}

}  // namespace fairlead::app
