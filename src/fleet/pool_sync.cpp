#include "fleet/pool_sync.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace fairlead::fleet {

PoolSync::PoolSync(const KeyNames& keys, std::string name, SyncRole role)
    : role_(role), name_(std::move(name)), pool_prefix_(keys.pool(name_)), key_prefix_(keys.conn_count(name_, "")) {}

void PoolSync::adopt(const routing::Pool& pool) {
  is_retired_ = false;
  if (activity_ != pool.activity) {
    activity_ = pool.activity;
    placed_looked_at_ = activity_->ties.load(std::memory_order_relaxed);
    by_key_looked_at_ = activity_->by_key.load(std::memory_order_relaxed);
    left_ = activity_->tickets.left();
  }
  backends_ = pool.backends.size();
  latencies_.adopt(pool);
  std::unordered_map<const balance::BackendActivity*, Share> known;
  for (Share& share : shares_) {
    known.emplace(share.activity.get(), std::move(share));
  }
  shares_.clear();
  std::unordered_set<const balance::BackendActivity*> listed;
  for (const balance::Backend& backend : pool.backends) {
    if (!listed.insert(backend.activity.get()).second) {
      continue;  // a URL that the list repeats is one backend
    }
    const auto before = known.find(backend.activity.get());
    if (before == known.end()) {
      shares_.push_back(Share{.activity = backend.activity, .key = key_prefix_ + backend.url});
    } else {
      shares_.push_back(std::move(before->second));
      shares_.back().is_listed = true;
      known.erase(before);
    }
  }
  for (auto& [activity, share] : known) {
    shares_.push_back(std::move(share));
    shares_.back().is_listed = false;
  }
}

void PoolSync::retire() {
  is_retired_ = true;
  backends_ = 0;
  latencies_.retire();
  for (Share& share : shares_) {
    share.is_listed = false;
  }
}

bool PoolSync::is_recent(io::TimePoint time, std::chrono::nanoseconds within) const {
  return time != io::TimePoint() && looked_at_ - time < within;
}

PoolSync::Seen PoolSync::look(io::TimePoint now) {
  Seen seen;
  seen.backends = backends_;
  std::erase_if(shares_, [](const Share& share) {
    return !share.is_listed && share.told == 0 && share.activity->in_flight.load(std::memory_order_relaxed) == 0;
  });
  for (Share& share : shares_) {
    const std::int64_t held = share.activity->in_flight.load(std::memory_order_relaxed);
    if (role_ == SyncRole::reader) {
      share.told = held;
    }
    share.change = held - share.told;
    seen.in_flight += static_cast<std::uint64_t>(held);
    seen.changes += share.change != 0 ? 1 : 0;
  }
  if (activity_) {
    const std::uint64_t placed = activity_->ties.load(std::memory_order_relaxed);
    const std::uint64_t placed_now = placed - std::exchange(placed_looked_at_, placed);
    placed_ += placed_now;
    placed_at_ = placed_now > 0 ? now : placed_at_;
    const std::uint64_t by_key = activity_->by_key.load(std::memory_order_relaxed);
    seen.begun = placed_now + by_key - std::exchange(by_key_looked_at_, by_key) +
                 (role_ == SyncRole::member ? look_at_tickets(now) : 0);
  }
  latencies_.look(now);
  looked_at_ = now;
  return seen;
}

std::uint64_t PoolSync::look_at_tickets(io::TimePoint now) {
  const std::uint32_t overdrawn = activity_->tickets.take_overdrawn();
  const std::uint32_t left = activity_->tickets.left();
  const std::uint64_t used = std::uint64_t{overdrawn} + (left < left_ ? left_ - left : 0);
  left_ = left;
  overdrawn_ += overdrawn;
  ticket_use_.note(used, looked_at_ == io::TimePoint() ? std::chrono::nanoseconds(0) : now - looked_at_);
  ticket_used_at_ = used > 0 ? now : ticket_used_at_;
  return used;
}

void PoolSync::append_changes(Arguments& out) {
  for (Share& share : shares_) {
    if (share.change != 0) {
      out.add(share.key);
      out.add_number(share.change);
      share.told += std::exchange(share.change, 0);
    }
  }
}

void PoolSync::append_truth(Arguments& out) {
  for (Share& share : shares_) {
    share.told = share.activity->in_flight.load(std::memory_order_relaxed);
    share.change = 0;
    if (share.told > 0) {
      out.add(share.key);
      out.add_number(share.told);
    }
  }
}

void PoolSync::append_request(Arguments& out, std::chrono::nanoseconds ahead, bool is_last) {
  balance::TicketBlock::Unused unused;
  const bool keeps_tickets = !is_last && !is_retired_ && is_recent(ticket_used_at_, balance::SyncPace::tickets_for) &&
                             is_recent(others_took_at_, shares_for);
  if (activity_ && !keeps_tickets && role_ == SyncRole::member) {
    unused = activity_->tickets.give_up();
    left_ = 0;
  }
  asked_ = keeps_tickets ? tickets_wanted(ahead) : 0;
  placed_sent_ = std::exchange(placed_, 0);
  counts_asked_ = wants_counts() && !is_last;
  out.add(pool_prefix_);
  out.add(counts_asked_ ? "1" : "0");
  out.add_number(static_cast<std::int64_t>(placed_sent_));
  moved_ = std::int64_t{std::exchange(overdrawn_, 0)} + asked_;
  out.add_number(moved_);
  returned_ = unused.count;
  out.add_number(returned_);
  out.add_number(static_cast<std::int64_t>(unused.end));
  latencies_.append_request(out);
}

/// Never a multiple of the number of backends: instances with blocks of the same size would march in step.
std::uint32_t PoolSync::tickets_wanted(std::chrono::nanoseconds ahead) const {
  const double use = double{ticket_use_.per_s()} * std::chrono::duration<double>(ahead).count();
  auto wanted = static_cast<std::uint32_t>(std::clamp(std::ceil(use), 1.0, double{block_max}));
  if (left_ > wanted / 2) {
    return 0;
  }
  if (backends_ > 1 && wanted % backends_ == 0) {
    ++wanted;
  }
  return wanted;
}

/// What Lua's numbers can count to; beyond it a hand has written something, and sums with own numbers might overflow.
bool PoolSync::is_counter(std::int64_t number) {
  constexpr std::int64_t lua_max = std::int64_t{1} << 53;
  return number >= -lua_max && number <= lua_max;
}

bool PoolSync::answered(ReplyView answer, io::TimePoint as_of, const balance::SyncPace& pace, std::size_t instances) {
  if (answer.is_error()) {
    fault_ = fault_of_reply(answer.text()).reason;
    return true;
  }
  const bool has_latencies = latencies_.is_asked();
  if (answer.size() < 2 || (answer.size() % 2 != 0) != has_latencies || !is_counter(answer[0].integer()) ||
      !is_counter(answer[1].integer())) {
    return false;
  }
  if (has_latencies) {
    latency_fault_ = latencies_.answered(answer[answer.size() - 1], as_of);
  }
  fault_ = latency_fault_;
  if (role_ == SyncRole::member) {
    take_tickets(answer[0].integer(), as_of);
  }
  const std::int64_t placed = answer[1].integer();
  const std::int64_t others = placed - fleet_placed_ - static_cast<std::int64_t>(placed_sent_);
  if (fleet_placed_ >= 0) {
    others_.note(static_cast<std::uint64_t>(std::max<std::int64_t>(0, others)), as_of - fleet_heard_at_);
  }
  fleet_placed_ = placed;
  fleet_heard_at_ = as_of;
  if (counts_asked_) {
    read_counts(answer, as_of);
    // The others' pace isn't known; instances of one fleet are alike.
    const float untold = others_.per_s() * std::chrono::duration<float>(pace.told_ago()).count();
    activity_->view.publish({.as_of = as_of.time_since_epoch(),
                             .trusted_for = pace.trusted_for(),
                             .others_per_s = others_.per_s(),
                             .untold = untold,
                             .instances = instances});
  }
  return true;
}

void PoolSync::take_tickets(std::int64_t counter, io::TimePoint now) {
  const std::int64_t expected = counter_ + moved_;
  const bool is_alone = counter_ >= 0 && (counter == expected || counter == expected - returned_);
  if (counter_ >= 0 && counter > expected) {
    others_took_at_ = now;
  }
  counter_ = counter;
  const std::int64_t first = counter - asked_;
  if (first < 0) {
    return;
  }
  if (asked_ > 0) {
    activity_->tickets.add(static_cast<std::uint64_t>(first), asked_);
    left_ = activity_->tickets.left();
  } else if (!is_alone) {
    // Behind what was taken here since the call began.
    activity_->tickets.move_to(static_cast<std::uint64_t>(counter) + overdrawn_ + activity_->tickets.overdrawn());
  }
}

/// Counts come in the list's order, those above 0 only, so the next one is usually a few places further.
void PoolSync::read_counts(ReplyView answer, io::TimePoint as_of) {
  for (Share& share : shares_) {
    share.others = 0;
  }
  std::size_t place = 0;
  for (std::size_t i = 2; i + 1 < answer.size(); i += 2) {
    const std::string_view url = answer[i].text();
    for (std::size_t step = 0; step < shares_.size(); ++step) {
      Share& share = shares_[(place + step) % shares_.size()];
      if (share.is_listed && url_of(share) == url) {
        share.others = static_cast<std::uint32_t>(
            std::clamp(answer[i + 1].integer(), share.told, others_max + share.told) - share.told);
        place = place + step;
        break;
      }
    }
  }
  const float weight = balance::mean_weight(as_of - std::exchange(counts_as_of_, as_of));
  for (const Share& share : shares_) {
    balance::tell_others(*share.activity, share.others, weight);
  }
}

}  // namespace fairlead::fleet
