#include "core/balance/shared_view.hpp"

#include <algorithm>
#include <cmath>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {

void SharedView::publish(Nanoseconds as_of, float others_per_s, Nanoseconds trusted_for, float untold) {
  others_per_s_.store(others_per_s, std::memory_order_relaxed);
  untold_.store(untold, std::memory_order_relaxed);
  trusted_for_ns_.store(trusted_for.count(), std::memory_order_relaxed);
  as_of_ns_.store(as_of.count(), std::memory_order_relaxed);
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
  const float since = others_per_s_.load(std::memory_order_relaxed) * age * 1e-9F;
  seen.expected = seen.trust * (since + untold_.load(std::memory_order_relaxed));
  return seen;
}

void fill_loads(const BackendSet& backends, float trust, std::vector<std::uint32_t>& loads) {
  loads.clear();
  for (const Backend& backend : backends) {
    std::uint32_t load = backend.activity->in_flight.load(std::memory_order_relaxed);
    if (trust > 0) {
      const std::uint32_t others = backend.activity->others_in_flight.load(std::memory_order_relaxed);
      load += trust >= 1 ? others : static_cast<std::uint32_t>(std::lround(trust * static_cast<float>(others)));
    }
    loads.push_back(load);
  }
}

}  // namespace fairlead::balance
