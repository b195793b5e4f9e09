#include "core/balance/eligibility.hpp"

#include <algorithm>
#include <cstddef>

#include "core/balance/health.hpp"

namespace fairlead::balance {

bool fill_eligible(const BackendSet& backends, std::span<const std::string_view> tried, std::int64_t now_ms,
                   std::vector<std::uint8_t>& out) {
  out.assign(backends.size(), 0);
  bool any_untried = false;
  bool any_rested = false;
  for (BackendIndex index = 0; index < backends.size(); ++index) {
    const Backend& backend = backends[index];
    if (std::find(tried.begin(), tried.end(), std::string_view(backend.url)) != tried.end()) {
      continue;
    }
    any_untried = true;
    out[index] = rests(*backend.activity, now_ms) ? 0 : 1;
    any_rested = any_rested || out[index] != 0;
  }
  if (any_rested || !any_untried) {
    return any_rested;
  }
  for (BackendIndex index = 0; index < backends.size(); ++index) {
    const bool was_tried = std::find(tried.begin(), tried.end(), std::string_view(backends[index].url)) != tried.end();
    out[index] = was_tried ? 0 : 1;
  }
  return true;
}

}  // namespace fairlead::balance
