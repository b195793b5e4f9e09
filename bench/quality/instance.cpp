#include "instance.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "io/milliseconds.hpp"

namespace bench::quality {
namespace {

using fairlead::balance::BackendIndex;
using fairlead::balance::SyncPace;

constexpr std::chrono::milliseconds burst{50};  // as in FleetSync

}  // namespace

std::unique_ptr<fairlead::routing::Pool> pool_of(std::size_t backends) {
  std::vector<fairlead::balance::Backend> list(backends);
  for (std::size_t index = 0; index < backends; ++index) {
    list[index].host = "b" + std::to_string(index);
    list[index].url = "http://" + list[index].host;
  }
  return std::make_unique<fairlead::routing::Pool>("default", fairlead::balance::StrategyId::least_conn,
                                                   fairlead::balance::BackendSet(std::move(list)),
                                                   std::make_shared<fairlead::balance::PoolActivity>());
}

Instance::Instance(std::size_t backends, const Rule& rule, std::size_t instances)
    : pool_(pool_of(backends)),
      strategy_(strategy_for(rule, pool_->backends)),
      sync_(fairlead::fleet::KeyNames(""), "default"),
      pace_(rule.interval),
      instances_(instances) {
  sync_.adopt(*pool_);
}

BackendIndex Instance::choose(TimePoint now, std::uint64_t random) {
  fairlead::balance::PickInput input;
  if (strategy_->needs_loads()) {
    const auto seen = pool_->activity->view.seen(now.time_since_epoch());
    fairlead::balance::fill_loads(pool_->backends, seen, loads_);
    input.loads = loads_;
    input.expected = seen.expected;
    input.ticket = pool_->activity->ties++;
  } else {
    input.ticket = pool_->activity->tickets.take().number;
  }
  if (strategy_->needs_latencies()) {
    ++pool_->activity->by_latency;
    fairlead::balance::fill_latencies(pool_->backends, fairlead::io::milliseconds_of(now), latencies_);
    input.latencies = latencies_;
  }
  input.random = random;
  if (strategy_->needs_key()) {
    input.hash = random;  // each request has a key of its own
    input.load_max = pool_->affinity.load_max;
  }
  const std::optional<BackendIndex> index = strategy_->pick(input);
  fairlead::check(index.has_value(), "a backend may serve");
  ++pool_->backends[*index].activity->in_flight;
  return *index;
}

void Instance::release(BackendIndex index, TimePoint::duration took, TimePoint now) {
  fairlead::balance::BackendActivity& activity = *pool_->backends[index].activity;
  --activity.in_flight;
  if (strategy_->needs_latencies()) {
    activity.latency.note({fairlead::balance::LatencyTime(took)}, fairlead::io::milliseconds_of(now));
  }
}

bool Instance::wakes() {
  return std::exchange(is_asleep_, false);
}

Instance::Next Instance::join(TimePoint now) {
  look(now);
  return call(now, false);
}

Instance::Next Instance::look_around(TimePoint now) {
  if (is_calling_) {
    return {};
  }
  if (now < called_at_ + pace_.gap()) {
    return look_again_at(called_at_ + pace_.gap(), now);
  }
  look(now);
  if (has_news_ || (sync_.wants_counts() && now >= called_at_ + pace_.interval())) {
    return call(now, false);
  }
  if (sync_.holds_tickets() && now >= last_event_ + SyncPace::tickets_for) {
    return call(now, true);
  }
  return rest(now);
}

Instance::Next Instance::answered(fairlead::fleet::ReplyView part, TimePoint now) {
  is_calling_ = false;
  const bool is_sound = sync_.answered(part, called_at_ + (now - called_at_) / 2, pace_, instances_);
  fairlead::check(is_sound, "an answer is understood");
  return rest(now);
}

void Instance::look(TimePoint now) {
  const fairlead::fleet::PoolSync::Seen seen = sync_.look(now);
  if (looked_at_ != TimePoint()) {
    pace_.note({seen.begun, seen.in_flight, seen.backends}, now - looked_at_);
  }
  looked_at_ = now;
  changes_ = seen.changes;
  if (seen.begun + seen.changes > 0) {
    has_news_ = true;
    last_event_ = now;
  }
}

Instance::Next Instance::rest(TimePoint now) {
  if (pace_.is_busy()) {
    return look_again_at(std::max(called_at_, looked_at_) + pace_.gap(), now);
  }
  is_asleep_ = true;
  look(now);
  if (has_news_) {
    is_asleep_ = false;
    return look_again_at(called_at_ + pace_.gap(), now);
  }
  if (sync_.wants_counts()) {
    return look_again_at(called_at_ + pace_.interval(), now);
  }
  return sync_.holds_tickets() ? look_again_at(last_event_ + SyncPace::tickets_for, now) : Next{};
}

Instance::Next Instance::call(TimePoint now, bool is_last) {
  is_calling_ = true;
  has_news_ = false;
  called_at_ = now;
  arguments_.clear();
  arguments_.add_number(static_cast<std::int64_t>(changes_));
  sync_.append_changes(arguments_);
  sync_.append_request(arguments_, 2 * pace_.interval() + burst, is_last);
  return {.is_call = true, .look_at = {}};
}

Instance::Next Instance::look_again_at(TimePoint time, TimePoint now) {
  return {.is_call = false, .look_at = std::max<TimePoint>(time, now + SyncPace::interval_min)};
}

}  // namespace bench::quality
