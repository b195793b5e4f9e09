#include "fleet/redis_store.hpp"

#include <algorithm>

#include "core/balance/health.hpp"
#include "fleet/memory_store.hpp"
#include "io/milliseconds.hpp"

namespace fairlead::fleet {

RedisStore::RedisStore(io::EventLoop& loop, io::Resolver& resolver, RedisStoreSettings settings, StateMetrics metrics,
                       StateStatus& status, const Log& log)
    : loop_(loop),
      wait_max_(settings.wait_max),
      log_(log, redacted(settings.member.redis.url)),
      member_(loop, resolver, std::move(settings.member), metrics, status),
      ledger_(member_.keys()) {
  member_.append_truth = [this](Arguments& out) { ledger_.append_truth(out); };
  member_.on_answer = [this](ReplyView reply) { answered(reply); };
  member_.on_live = [this](StateStatus::Flip flip) {
    log_.live(flip);
    flush_at_end_of_turn();
  };
  member_.on_away = [this](const StateFault& fault, bool is_news) {
    log_.away(fault, is_news);
    give_up_all();
  };
  end_of_turn_.context = this;
  end_of_turn_.on_end = [](io::EndOfTurn& hook) { static_cast<RedisStore*>(hook.context)->flush(); };
  company_alarm_.context = this;
  company_alarm_.on_expiry = [](io::Alarm& alarm) { static_cast<RedisStore*>(alarm.context)->flush(); };
  want_timer_.context = this;
  want_timer_.on_expiry = [](io::Timer& timer) { static_cast<RedisStore*>(timer.context)->drop_if_overdue(); };
}

io::Task<> RedisStore::stop() {
  company_alarm_.cancel();
  give_up_all();
  co_await member_.stop();
}

void RedisStore::acquire(Acquire& want) {
  check(is_live(), "wants go to a store that is live");
  note_succession();
  waiting_.push_back({&want, loop_.now()});
  if (!want_timer_.is_armed()) {
    watch_oldest();
  }
  flush_at_end_of_turn();
}

void RedisStore::cancel(Acquire& want) {
  const auto is_it = [&want](const Want& one) { return one.acquire == &want; };
  std::erase_if(waiting_, is_it);
  const auto strike = [&is_it](std::vector<Want>& wants) {
    for (Want& one : wants) {
      if (is_it(one)) {
        one.acquire = nullptr;
      }
    }
  };
  strike(given_up_);
  for (Group& group : in_flight_) {
    strike(group.wants);
  }
}

void RedisStore::adopt(const routing::Pool& pool, const balance::Backend& backend) {
  ledger_.note(pool, backend, 1);
  flush_at_end_of_turn();
}

void RedisStore::release(const routing::Pool& pool, const balance::Backend& backend) {
  ledger_.note(pool, backend, -1);
  count_out(backend);
  strangers_.release(backend);
  returned_at_ = loop_.now();
  if (is_live() && expects_a_want()) {
    if (!company_alarm_.is_armed()) {
      loop_.alarms().arm(company_alarm_, loop_.now() + company_max);
    }
  } else {
    flush_at_end_of_turn();
  }
}

/// Requests that come one by one on one connection: a return and the next want in one call cost Redis half.
void RedisStore::note_succession() {
  const bool is_quick = loop_.now() - returned_at_ <= company_max;
  successions_ = is_quick ? std::min(successions_ + 1, successions_max) : std::max(successions_ - 2, 0);
}

void RedisStore::flush_at_end_of_turn() {
  if (is_live() && !is_calling_) {
    loop_.at_end_of_turn(end_of_turn_);
  }
}

void RedisStore::flush() {
  if (!is_live() || is_calling_ || (waiting_.empty() && !ledger_.has_changes())) {
    return;
  }
  is_calling_ = true;
  company_alarm_.cancel();
  gather_groups();
  member_.begin_call(arguments_);
  if (has_one_plain_want() && ledger_.has_a_return_at_most()) {
    arguments_.add(balance::name_of(in_flight_.front().strategy));
    arguments_.add(in_flight_.front().pool_prefix);
    ledger_.append_return(arguments_);
  } else {
    ledger_.append_changes(arguments_);
    for (const Group& group : in_flight_) {
      append_group(group);
    }
  }
  member_.call(Script::acquire, arguments_);
}

/// Then there is nothing to say of it but pool and strategy (one_by_one.lua).
bool RedisStore::has_one_plain_want() const {
  if (!has_one_want()) {
    return false;
  }
  const Acquire& want = *in_flight_.front().wants.front().acquire;
  return want.tried.empty() && weighting_of(want.strategy, *want.pool).empty() && excluded_from(want).urls.empty();
}

void RedisStore::gather_groups() {
  const std::size_t count = std::min(waiting_.size(), wants_max);
  for (std::size_t i = 0; i < count; ++i) {
    group_for(*waiting_[i].acquire).wants.push_back(waiting_[i]);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
}

/// A request that is tried again has its own group: what it has tried is its own.
RedisStore::Group& RedisStore::group_for(const Acquire& want) {
  for (Group& group : in_flight_) {
    if (want.tried.empty() && group.wants.front().acquire->tried.empty() && group.strategy == want.strategy &&
        group.pool == want.pool->name) {
      return group;
    }
  }
  return in_flight_.emplace_back(Group{want.pool->name, member_.keys().pool(want.pool->name), want.strategy, {}});
}

void RedisStore::append_group(const Group& group) {
  const Acquire& first = *group.wants.front().acquire;
  arguments_.add(group.pool_prefix);
  arguments_.add(balance::name_of(group.strategy));
  arguments_.add_number(static_cast<std::int64_t>(group.wants.size()));
  std::string weighting = weighting_of(group.strategy, *first.pool);
  const Excluded excluded = excluded_from(first);
  if (first.tried.empty() && weighting.empty() && excluded.urls.empty()) {
    arguments_.add("0");
    return;
  }
  arguments_.add_number(static_cast<std::int64_t>(3 + excluded.urls.size()));
  arguments_.add_number(first.tried.empty() ? static_cast<std::int64_t>(group.wants.size()) : 0);
  arguments_.add_kept(std::move(weighting));
  arguments_.add_number(static_cast<std::int64_t>(excluded.absent));
  for (const std::string_view url : excluded.urls) {
    arguments_.add(url);
  }
}

/// As acquire.lua reads it.
std::string RedisStore::weighting_of(balance::StrategyId strategy, const routing::Pool& pool) {
  std::string packed;
  const std::span<const balance::BackendIndex> turns = pool.strategy(strategy).turns();
  if (pool.backends.uniform() || pool.backends.size() > weighted_max || turns.size() > weighted_max) {
    return packed;
  }
  const auto append = [&packed](std::size_t number) {
    packed.push_back(static_cast<char>(number >> 8));
    packed.push_back(static_cast<char>(number & 0xff));
  };
  append(pool.backends.size());
  if (turns.empty()) {
    for (const balance::Backend& backend : pool.backends) {
      append(backend.weight);
    }
  }
  for (const balance::BackendIndex place : turns) {
    append(place + 1);
  }
  return packed;
}

RedisStore::Excluded RedisStore::excluded_from(const Acquire& want) const {
  const routing::Pool& pool = *want.pool;
  Excluded excluded{.urls{invalid_.begin(), invalid_.end()}};
  for (const balance::Backend& backend : pool.draining) {
    excluded.urls.emplace_back(backend.url);
  }
  excluded.absent = excluded.urls.size();
  excluded.urls.insert(excluded.urls.end(), want.tried.begin(), want.tried.end());
  const std::int64_t now_ms = io::milliseconds_of(loop_.now());
  if (balance::any_rests(*pool.activity, now_ms)) {
    for (const balance::Backend& backend : pool.backends) {
      if (balance::rests(*backend.activity, now_ms)) {
        excluded.urls.emplace_back(backend.url);
      }
    }
  }
  return excluded;
}

void RedisStore::answered(ReplyView reply) {
  if (has_one_want() && !reply.is_array() && !reply.is_nil()) {
    note_pool_well(in_flight_.front());
    answer_want(in_flight_.front(), in_flight_.front().wants.front(), reply.text());
  } else if (reply.size() == in_flight_.size()) {
    for (std::size_t i = 0; i < in_flight_.size(); ++i) {
      answer_group(in_flight_[i], reply[i]);
    }
  } else {
    member_.drop({"malformed", false});
    return;
  }
  in_flight_.clear();
  is_calling_ = false;
  watch_oldest();
  if (!waiting_.empty() || ledger_.has_changes()) {
    flush_at_end_of_turn();
  }
}

void RedisStore::answer_group(Group& group, ReplyView answers) {
  if (answers.is_error()) {
    note_pool_fault(group, answers);
  } else {
    note_pool_well(group);
  }
  for (std::size_t i = 0; i < group.wants.size(); ++i) {
    if (i < answers.size()) {
      answer_want(group, group.wants[i], answers[i].text());
    } else {
      give_up(group.wants[i]);  // an empty list, or all that isn't tried rests: the snapshot knows what to do
    }
  }
}

void RedisStore::note_pool_well(const Group& group) {
  if (!faulty_pools_.empty() && faulty_pools_.erase(group.pool) > 0) {
    log_.pool_flipped(group.pool, {});
  }
}

void RedisStore::answer_want(const Group& group, Want& want, std::string_view url) {
  if (want.acquire == nullptr) {
    ledger_.give_back(group.pool_prefix + "conn_count:" + std::string(url));
    return;
  }
  const routing::Pool& pool = *want.acquire->pool;
  const balance::Backend* backend = pool.backends.find(url);
  if (backend == nullptr) {
    backend = pool.draining.find(url);  // since a moment ago
  }
  if (backend == nullptr) {
    const Result<const balance::Backend*> stranger = strangers_.hold(pool.name, url);
    if (!stranger) {
      forget_invalid(group, want, url);
      return;
    }
    backend = *stranger;
  }
  ledger_.note_counted(pool, *backend);
  count_in(*backend);
  Acquire& acquire = *std::exchange(want.acquire, nullptr);
  acquire.backend = backend;
  acquire.basis = Basis::exact;
  acquire.on_answer(acquire);
}

/// A text in the list that is no backend: given back, left out from now on, and the want asked again.
void RedisStore::forget_invalid(const Group& group, Want& want, std::string_view url) {
  ledger_.give_back(group.pool_prefix + "conn_count:" + std::string(url));
  if (invalid_.size() >= invalid_max || url.size() > invalid_bytes_max) {
    give_up(want);
    return;
  }
  invalid_.emplace(url);
  waiting_.push_back(want);
  want.acquire = nullptr;
}

void RedisStore::note_pool_fault(const Group& group, ReplyView error) {
  if (faulty_pools_.size() < invalid_max && faulty_pools_.insert(group.pool).second) {
    log_.pool_flipped(group.pool, fault_of_reply(error.text()).reason);
  }
}

void RedisStore::give_up(Want& want) {
  if (want.acquire != nullptr) {
    on_given_up(*std::exchange(want.acquire, nullptr));
  }
}

void RedisStore::give_up_all() {
  want_timer_.cancel();
  is_calling_ = false;
  for (Group& group : std::exchange(in_flight_, {})) {
    given_up_.insert(given_up_.end(), group.wants.begin(), group.wants.end());
  }
  given_up_.insert(given_up_.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  for (std::size_t i = 0; i < given_up_.size(); ++i) {
    give_up(given_up_[i]);
  }
  given_up_.clear();
}

std::optional<io::TimePoint> RedisStore::oldest_want() const {
  std::optional<io::TimePoint> oldest;
  const auto look_at = [&oldest](const std::vector<Want>& wants) {
    for (const Want& want : wants) {
      if (want.acquire != nullptr && (!oldest || want.since < *oldest)) {
        oldest = want.since;
      }
    }
  };
  look_at(waiting_);
  for (const Group& group : in_flight_) {
    look_at(group.wants);
  }
  return oldest;
}

/// The wheel fires up to a slot late; that is taken off.
void RedisStore::watch_oldest() {
  const std::optional<io::TimePoint> oldest = oldest_want();
  if (oldest) {
    loop_.timers().arm(want_timer_, *oldest + wait_max_ - io::TimerWheel::granularity);
  } else {
    want_timer_.cancel();
  }
}

/// The want that the timer was for may be answered or cancelled by now.
void RedisStore::drop_if_overdue() {
  const std::optional<io::TimePoint> oldest = oldest_want();
  if (oldest && *oldest + wait_max_ - io::TimerWheel::granularity <= loop_.now()) {
    member_.drop_as_slow(wait_max_);
  } else {
    watch_oldest();
  }
}

}  // namespace fairlead::fleet
