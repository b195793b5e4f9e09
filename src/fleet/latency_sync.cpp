#include "fleet/latency_sync.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fleet/state_fault.hpp"
#include "io/milliseconds.hpp"

namespace fairlead::fleet {
namespace {

constexpr float a_second_us = 1e6F;
constexpr auto latency_max_us = static_cast<std::int64_t>(balance::latency_max.count()) * 1'000'000;

std::int64_t microseconds_of(balance::LatencyEstimate estimate) {
  return std::clamp<std::int64_t>(std::llround(estimate.seconds * a_second_us), 1, latency_max_us);
}

}  // namespace

void LatencySync::adopt(const routing::Pool& pool) {
  if (activity_ != pool.activity) {
    activity_ = pool.activity;
    placed_ = activity_->by_latency.load(std::memory_order_relaxed);
  }
  is_default_ = pool.strategy(pool.default_strategy).needs_latencies();
  std::vector<Known> before = std::exchange(known_, {});
  for (const balance::Backend& backend : pool.backends) {
    const auto known = std::ranges::lower_bound(before, backend.url, {}, &Known::url);
    if (known != before.end() && known->activity == backend.activity) {
      known_.push_back(*known);
    } else {
      known_.push_back({.url = backend.url, .activity = backend.activity});
    }
  }
  std::ranges::sort(known_, {}, &Known::url);
  const auto repeated = std::ranges::unique(known_, {}, &Known::url);
  known_.erase(repeated.begin(), repeated.end());
}

void LatencySync::retire() {
  is_default_ = false;
  known_.clear();
}

void LatencySync::look(io::TimePoint now) {
  looked_at_ = now;
  if (activity_) {
    const std::uint64_t placed = activity_->by_latency.load(std::memory_order_relaxed);
    placed_at_ = std::exchange(placed_, placed) != placed ? now : placed_at_;
  }
}

void LatencySync::append_request(Arguments& out) {
  const bool is_wanted = is_default_ || (placed_at_ != io::TimePoint() && looked_at_ - placed_at_ < wanted_for);
  const bool is_due = asked_at_ == io::TimePoint() || looked_at_ - asked_at_ >= interval;
  is_asked_ = is_wanted && is_due && !known_.empty();
  if (!is_asked_) {
    out.add("");
    return;
  }
  asked_at_ = looked_at_;
  std::size_t told = 0;
  for (Known& known : known_) {
    known.seen = known.activity->latency.estimate();
    told += is_news(known) ? 1 : 0;
  }
  told = std::min(told, told_max);
  out.add_number(static_cast<std::int64_t>(told));
  for (Known& known : known_) {
    if (told > 0 && is_news(known)) {
      out.add(known.url);
      out.add_number(microseconds_of(known.seen));
      known.settled = known.seen;
      --told;
    }
  }
}

bool LatencySync::is_news(const Known& known) {
  const float fleets = static_cast<float>(known.fleet_us) / a_second_us;
  return known.seen.seconds > 0 && known.seen != known.settled &&
         std::abs(known.seen.seconds - fleets) > noticeable * fleets;
}

LatencySync::Known* LatencySync::find(std::string_view url) {
  const auto found = std::ranges::lower_bound(known_, url, {}, &Known::url);
  return found != known_.end() && found->url == url ? &*found : nullptr;
}

std::string_view LatencySync::answered(ReplyView latencies, io::TimePoint as_of) {
  if (latencies.is_error()) {
    return fault_of_reply(latencies.text()).reason;
  }
  for (Known& known : known_) {
    known.is_heard = false;
  }
  for (std::size_t i = 0; i + 1 < latencies.size(); i += 2) {
    if (Known* known = find(latencies[i].text())) {
      hear(*known, latencies[i + 1].integer(), as_of);
    }
  }
  for (Known& known : known_) {
    known.fleet_us = known.is_heard ? known.fleet_us : 0;
  }
  return {};
}

/// The same again is no news: it would keep an estimate from fading, and who was slow once would never be tried again.
void LatencySync::hear(Known& known, std::int64_t microseconds, io::TimePoint as_of) {
  if (microseconds < 1 || microseconds > latency_max_us) {
    return;
  }
  known.is_heard = true;
  if (std::exchange(known.fleet_us, microseconds) == microseconds) {
    return;
  }
  const balance::LatencyEstimate told{static_cast<float>(microseconds) / a_second_us,
                                      static_cast<std::uint32_t>(io::milliseconds_of(as_of))};
  if (known.activity->latency.adopt(told, known.seen)) {
    known.settled = told;
  }
}

}  // namespace fairlead::fleet
