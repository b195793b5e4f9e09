#include "fleet/backend_list_watch.hpp"

#include <algorithm>

#include "core/balance/backend_set.hpp"
#include "fleet/arguments.hpp"
#include "fleet/random_id.hpp"

namespace fairlead::fleet {

BackendListWatch::BackendListWatch(io::EventLoop& loop, io::Resolver& resolver, RedisEndpoint redis,
                                   std::string key_prefix, const std::string& instance, StateMetrics metrics,
                                   const Log& log)
    : loop_(loop),
      keys_(std::move(key_prefix)),
      log_(log),
      client_(loop, resolver, std::move(redis), "fairlead-" + instance + ".watch", metrics) {
  client_.on_up = [this] { poll(); };
  client_.on_down = [this](StateFault) { timer_.cancel(); };
  timer_.context = this;
  timer_.on_expiry = [](io::Timer& timer) { static_cast<BackendListWatch*>(timer.context)->poll(); };
}

void BackendListWatch::watch(std::vector<Pool> pools) {
  for (const Pool& pool : pools) {
    const auto before = std::ranges::find(pools_, pool.name, &Pool::name);
    Pool due{pool.name, {}};
    for (const std::string& url : pool.configured) {
      if (before == pools_.end() || std::ranges::count(before->configured, url) == 0) {
        due.configured.push_back(url);
      }
    }
    due_.push_back(std::move(due));
  }
  std::erase_if(published_, [&pools](const auto& entry) {
    return std::ranges::find(pools, entry.first, &Pool::name) == pools.end();
  });
  pools_ = std::move(pools);
}

void BackendListWatch::start() {
  client_.start();
}

io::Task<> BackendListWatch::stop() {
  timer_.cancel();
  return client_.stop();
}

/// Lists first, the epoch last: an epoch that still stands vouches for what was read before it.
void BackendListWatch::poll() {
  if (!client_.is_up()) {
    return;
  }
  seen_.clear();
  client_.cork();
  for (const Pool& pool : pools_) {
    const std::string key = keys_.backend_servers(pool.name);
    client_.command("lrange", {"LRANGE", key, "0", "-1"}, call_max,
                    [this, name = pool.name](ReplyView reply) { saw_list(name, reply); });
  }
  const std::string epoch = keys_.epoch();
  client_.command("get", {"GET", epoch}, call_max, [this](ReplyView reply) { saw_epoch(reply); });
  client_.uncork();
}

void BackendListWatch::saw_list(const std::string& pool, ReplyView reply) {
  note_refusal(pool, reply);
  Seen& seen = seen_.emplace_back(Seen{pool, std::nullopt});
  if (reply.is_array()) {
    seen.urls.emplace();
    for (std::size_t i = 0; i < reply.size(); ++i) {
      seen.urls->emplace_back(reply[i].text());
    }
  }
}

void BackendListWatch::note_refusal(const std::string& pool, ReplyView reply) {
  if (!reply.is_error()) {
    refused_.erase(pool);
  } else if (refused_.insert(pool).second) {
    log_.error("redis refuses a pool's list, the last one stays",
               {{"pool", pool}, {"reason", fault_of_reply(reply.text()).reason}});
  }
}

void BackendListWatch::saw_epoch(ReplyView reply) {
  if (reply.is_error()) {
    client_.drop(fault_of_reply(reply.text()));
  } else if (reply.is_nil()) {
    set_epoch();
  } else if (epoch_ != reply.text()) {
    epoch_ = reply.text();
    due_ = pools_;
    register_due();
  } else if (!due_.empty()) {
    register_due();
  } else {
    polls_in_a_row_ = 0;
    for (Seen& seen : seen_) {
      publish(seen);
    }
    loop_.timers().arm(timer_, loop_.now() + interval);
  }
}

void BackendListWatch::set_epoch() {
  const std::string key = keys_.epoch();
  const std::string id = random_id();
  client_.command("set", {"SET", key, id, "NX"}, call_max, [this](ReplyView) { poll_again(); });
}

/// At once, but not for ever: a Redis that can't be written to stays without an epoch.
void BackendListWatch::poll_again() {
  if (++polls_in_a_row_ < polls_in_a_row_max) {
    poll();
  } else {
    polls_in_a_row_ = 0;
    loop_.timers().arm(timer_, loop_.now() + interval);
  }
}

void BackendListWatch::register_due() {
  client_.cork();
  for (const Pool& pool : std::exchange(due_, {})) {
    if (pool.configured.empty()) {
      continue;
    }
    Arguments arguments;
    arguments.add("1");
    arguments.add_kept(keys_.backend_servers(pool.name));
    for (const std::string& url : pool.configured) {
      arguments.add(url);
    }
    client_.call(Script::register_backends, arguments.words(), call_max, [this, pool](ReplyView reply) {
      if (reply.is_error() && reply.text().starts_with("NOSCRIPT")) {
        due_.push_back(pool);
      } else if (reply.is_error()) {
        log_.error("redis refuses to register backends",
                   {{"pool", pool.name}, {"reason", fault_of_reply(reply.text()).reason}});
      } else if (reply.integer() > 0) {
        log_.info("backends registered", {{"pool", pool.name}, {"added", reply.integer()}});
      }
    });
  }
  client_.uncork();
  poll_again();
}

void BackendListWatch::publish(Seen& seen) {
  if (!seen.urls || std::ranges::find(pools_, seen.pool, &Pool::name) == pools_.end()) {
    return;
  }
  std::erase_if(*seen.urls, [this, &seen](const std::string& url) { return !is_backend(seen.pool, url); });
  const auto before = published_.find(seen.pool);
  if (before == published_.end() || before->second != *seen.urls) {
    published_.insert_or_assign(seen.pool, *seen.urls);
    on_listed(seen.pool, std::move(*seen.urls));
  }
}

/// Says once what is wrong with an entry; its text is a user's, so it may be shown, but not at any length.
bool BackendListWatch::is_backend(const std::string& pool, const std::string& url) {
  constexpr std::size_t shown_max = 120;
  const Result<balance::BackendAddress> address = balance::parse_backend_url(url);
  if (!address && invalid_.size() < invalid_max && invalid_.insert(pool + " " + url.substr(0, shown_max)).second) {
    const bool may_hold_secret = url.find('@') != std::string::npos;
    log_.warn("entry of a backend list is no backend, passed over",
              {{"pool", pool},
               {"entry", may_hold_secret ? "(with user information)" : url.substr(0, shown_max)},
               {"fault", address.error().detail}});
  }
  return address.has_value();
}

}  // namespace fairlead::fleet
