#include "fleet/fleet_sync.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::fleet {
namespace {

/// Tickets must last for two intervals and as long as a burst may be ahead of the mean.
constexpr std::chrono::milliseconds burst{50};
/// A ring that got lost (the loop's mailbox was full) or overtook what it rang for is made up for within this time.
constexpr std::chrono::seconds asleep_max{1};

}  // namespace

FleetSync::FleetSync(io::EventLoop& loop, io::Resolver& resolver, Settings settings, StateMetrics metrics,
                     StateStatus& status, const Log& log)
    : loop_(loop),
      role_(settings.role),
      status_(status),
      log_(log, redacted(settings.member.redis.url)),
      member_(loop, resolver, member_of(std::move(settings.member), settings.role), metrics, status),
      pace_(settings.interval) {
  member_.append_truth = [this](Arguments& out) {
    for (PoolSync& pool : pools_) {
      pool.append_truth(out);
    }
  };
  member_.on_live = [this](StateStatus::Flip flip) {
    log_.live(flip);
    if (role_ == SyncRole::member) {
      look();
      call(false);  // where the rotations stand
    } else {
      look_around();
    }
  };
  member_.on_answer = [this](ReplyView reply) { answered(reply); };
  member_.on_away = [this](const StateFault& fault, bool is_news) {
    log_.away(fault, is_news);
    is_calling_ = false;
    alarm_.cancel();
    bell_.stay_awake();
  };
  bell_.wake = [this] { loop_.post([this] { look_around(); }); };
  alarm_.context = this;
  alarm_.on_expiry = [](io::Alarm& alarm) { static_cast<FleetSync*>(alarm.context)->look_around(); };
}

MemberSettings FleetSync::member_of(MemberSettings settings, SyncRole role) {
  settings.is_reader = role == SyncRole::reader;
  return settings;
}

io::Task<> FleetSync::stop() {
  alarm_.cancel();
  co_await member_.stop();
}

void FleetSync::adopt(const routing::Snapshot& snapshot) {
  for (PoolSync& pool : pools_) {
    const auto is_it = [&pool](const auto& configured) { return configured->name == pool.name(); };
    if (std::ranges::none_of(snapshot.pools, is_it)) {
      pool.retire();
    }
  }
  for (const auto& configured : snapshot.pools) {
    auto known = std::ranges::find(pools_, configured->name, &PoolSync::name);
    if (known == pools_.end()) {
      pools_.emplace_back(member_.keys(), configured->name, role_);
      known = pools_.end() - 1;
      has_news_ = has_news_ || role_ == SyncRole::member;  // where its rotation stands is to be asked
    }
    known->adopt(*configured);
  }
  look_around();
}

void FleetSync::look_around() {
  if (!member_.is_live() || is_calling_) {
    return;  // the answer, or Redis' return, looks again
  }
  const io::TimePoint now = loop_.now();
  if (now < called_at_ + pace_.gap()) {
    look_again_at(called_at_ + pace_.gap());
    return;
  }
  std::erase_if(pools_, [](const PoolSync& pool) { return pool.is_done(); });
  look();
  if (has_news_ || (polls() && now >= called_at_ + pace_.interval())) {
    call(false);
  } else if (holds_tickets() && now >= last_event_ + balance::SyncPace::tickets_for) {
    call(true);
  } else {
    rest();
  }
}

bool FleetSync::polls() const {
  return std::ranges::any_of(pools_, &PoolSync::wants_counts);
}

bool FleetSync::holds_tickets() const {
  return std::ranges::any_of(pools_, &PoolSync::holds_tickets);
}

/// Until the next look is due or a worker rings.
void FleetSync::rest() {
  if (pace_.is_busy()) {
    look_again_at(std::max(called_at_, looked_at_) + pace_.gap());
    return;
  }
  if (polls()) {
    look_again_at(called_at_ + pace_.interval());
  } else if (holds_tickets()) {
    look_again_at(last_event_ + balance::SyncPace::tickets_for);
  } else {
    look_again_at(loop_.now() + asleep_max);
  }
  bell_.fall_asleep();
  look();
  if (has_news_) {  // it began while the bell wasn't listening yet
    bell_.stay_awake();
    look_again_at(called_at_ + pace_.gap());
  }
}

void FleetSync::look() {
  PoolSync::Seen all;
  for (PoolSync& pool : pools_) {
    const PoolSync::Seen seen = pool.look(loop_.now());
    all.begun += seen.begun;
    all.in_flight += seen.in_flight;
    all.backends += seen.backends;
    all.changes += seen.changes;
  }
  if (looked_at_ != io::TimePoint()) {
    pace_.note({all.begun, all.in_flight, all.backends}, loop_.now() - looked_at_);
  }
  looked_at_ = loop_.now();
  changes_ = all.changes;
  if (all.begun + all.changes > 0) {
    has_news_ = true;
    last_event_ = loop_.now();
  }
}

void FleetSync::call(bool is_last) {
  is_calling_ = true;
  has_news_ = false;
  called_at_ = loop_.exact_now();
  member_.begin_call(arguments_);
  arguments_.add_number(static_cast<std::int64_t>(changes_));
  for (PoolSync& pool : pools_) {
    pool.append_changes(arguments_);
  }
  asked_.clear();
  for (PoolSync& pool : pools_) {
    pool.append_request(arguments_, 2 * pace_.interval() + burst, is_last);
    asked_.push_back(&pool);
  }
  member_.call(Script::sync, arguments_);
}

void FleetSync::answered(ReplyView reply) {
  is_calling_ = false;
  const io::TimePoint now = loop_.exact_now();
  const io::TimePoint as_of = called_at_ + (now - called_at_) / 2;
  bool is_sound = reply.size() == asked_.size();
  for (std::size_t i = 0; is_sound && i < asked_.size(); ++i) {
    const bool had_fault = !asked_[i]->fault().empty();
    is_sound = asked_[i]->answered(reply[i], as_of, pace_, status_.instances());
    if (had_fault != !asked_[i]->fault().empty()) {
      log_.pool_flipped(asked_[i]->name(), asked_[i]->fault());
    }
  }
  if (!is_sound) {
    member_.drop({"malformed", false});
    return;
  }
  rest();
}

/// At `time`, or soon when that has passed.
void FleetSync::look_again_at(io::TimePoint time) {
  loop_.alarms().arm(alarm_, std::max(time, loop_.now() + balance::SyncPace::interval_min));
}

}  // namespace fairlead::fleet
