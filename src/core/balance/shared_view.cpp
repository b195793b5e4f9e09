#include "core/balance/shared_view.hpp"

#include <algorithm>
#include <cmath>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {
namespace {

using Floating = std::chrono::duration<float, std::nano>;
constexpr Floating memory = std::chrono::seconds(1);  ///< time constant with which the mean forgets
/// So many instances at most go by the whole mean; more go by a part of it, or all together would do too much.
constexpr float whole_for = 8;

}  // namespace

void SharedView::publish(const Told& told) {
  others_per_s_.store(told.others_per_s, std::memory_order_relaxed);
  untold_.store(told.untold, std::memory_order_relaxed);
  trusted_for_ns_.store(told.trusted_for.count(), std::memory_order_relaxed);
  lasting_share_.store(std::min(1.0F, whole_for / static_cast<float>(told.instances)), std::memory_order_relaxed);
  as_of_ns_.store(told.as_of.count(), std::memory_order_relaxed);
}

SharedView::Seen SharedView::seen(Nanoseconds now) const {
  const std::int64_t as_of = as_of_ns_.load(std::memory_order_relaxed);
  if (as_of == 0) {
    return {};
  }
  const auto age = static_cast<float>(std::max<std::int64_t>(0, now.count() - as_of));
  const auto trusted_for = static_cast<float>(trusted_for_ns_.load(std::memory_order_relaxed));
  Seen seen;
  seen.trust = trusted_for <= 0 ? 0 : std::clamp(2.0F - age / trusted_for, 0.0F, 1.0F);
  seen.lasting = (1 - seen.trust) * std::clamp(2.0F - age / Floating(lasts_for).count(), 0.0F, 1.0F) *
                 lasting_share_.load(std::memory_order_relaxed);
  const float since = others_per_s_.load(std::memory_order_relaxed) * age * 1e-9F;
  seen.expected = seen.trust * (since + untold_.load(std::memory_order_relaxed));
  return seen;
}

void tell_others(BackendActivity& activity, std::uint32_t in_flight, float weight) {
  const float mean = activity.others_lasting.load(std::memory_order_relaxed);
  activity.others_lasting.store(mean + weight * (static_cast<float>(in_flight) - mean), std::memory_order_relaxed);
  activity.others_in_flight.store(in_flight, std::memory_order_relaxed);
}

float mean_weight(std::chrono::nanoseconds since_last) {
  return 1 - std::exp(-Floating(since_last) / memory);
}

void fill_loads(const BackendSet& backends, const SharedView::Seen& seen, std::vector<std::uint32_t>& loads) {
  loads.clear();
  for (const Backend& backend : backends) {
    std::uint32_t load = backend.activity->in_flight.load(std::memory_order_relaxed);
    if (seen.trust + seen.lasting > 0) {
      const auto others = static_cast<float>(backend.activity->others_in_flight.load(std::memory_order_relaxed));
      const float lasting = backend.activity->others_lasting.load(std::memory_order_relaxed);
      load += static_cast<std::uint32_t>(std::lround(seen.trust * others + seen.lasting * lasting));
    }
    loads.push_back(load);
  }
}

}  // namespace fairlead::balance
