#include "core/balance/eligibility.hpp"

#include <algorithm>

#include "core/balance/health.hpp"

namespace fairlead::balance {

bool fill_eligible(const BackendSet& backends, std::span<const std::string_view> tried, std::int64_t now_ms,
                   std::vector<std::uint8_t>& out) {
  constexpr std::uint8_t resting = 2;
  out.assign(backends.size(), 1);
  for (const std::string_view url : tried) {  // looked up: a dead pool of a thousand is tried to its end
    for (const BackendIndex index : backends.indices_of(url)) {
      out[index] = 0;
    }
  }
  bool any_untried = false;
  bool any_rested = false;
  for (BackendIndex index = 0; index < backends.size(); ++index) {
    if (out[index] != 0) {
      any_untried = true;
      out[index] = rests(*backends[index].activity, now_ms) ? resting : 1;
      any_rested = any_rested || out[index] == 1;
    }
  }
  std::replace(out.begin(), out.end(), resting, static_cast<std::uint8_t>(any_rested ? 0 : 1));
  return any_untried;
}

}  // namespace fairlead::balance
