#include "fleet/state_status.hpp"

#include <algorithm>
#include <chrono>

namespace fairlead::fleet {

double StateStatus::age_s() const {
  const std::int64_t heard = heard_at_ms.load(std::memory_order_relaxed);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return heard == 0
             ? 0.0
             : static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - heard) / 1000.0;
}

std::size_t StateStatus::instances() const {
  const std::uint32_t all = workers.load(std::memory_order_relaxed);
  const std::uint32_t own = std::max(1U, all - std::min(all, readers.load(std::memory_order_relaxed)));
  return std::max(1U, members.load(std::memory_order_relaxed) / own);
}

StateStatus::Step StateStatus::step() const {
  if (is_degraded()) {
    return Step::local;
  }
  return age_s() > stale_after_s ? Step::stale : Step::live;
}

StateStatus::Flip StateStatus::note_live() {
  if (live.fetch_add(1, std::memory_order_relaxed) + 1 != workers.load(std::memory_order_relaxed)) {
    return Flip::none;
  }
  said_.store(nullptr, std::memory_order_relaxed);
  if (!was_away_.load(std::memory_order_relaxed)) {
    return Flip::connected;
  }
  return only_forgotten_.exchange(false, std::memory_order_relaxed) ? Flip::known_again : Flip::back;
}

bool StateStatus::note_away(bool was_live, const StateFault& fault) {
  const bool is_first = !was_away_.exchange(true, std::memory_order_relaxed);
  const bool all_had_it =
      was_live && live.fetch_sub(1, std::memory_order_relaxed) == workers.load(std::memory_order_relaxed);
  // Reasons are of static storage, so the place of the text stands for it.
  const bool is_new_reason =
      fault.operator_must_act && said_.exchange(fault.reason.data(), std::memory_order_relaxed) != fault.reason.data();
  if (is_forgotten(fault)) {
    only_forgotten_.store(is_first || all_had_it || only_forgotten_.load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
    return is_first || all_had_it;
  }
  const bool is_worse = only_forgotten_.exchange(false, std::memory_order_relaxed);
  return is_first || all_had_it || is_new_reason || is_worse;
}

}  // namespace fairlead::fleet
