// A quantile of measured values: the smallest of them that at most so large a share lies below. Orders `values` anew.
// Used by the programs of the quality bench. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench::quality {

/// 0 of no values.
inline std::int64_t quantile_of(std::vector<std::int64_t>& values, double quantile) {
  if (values.empty()) {
    return 0;
  }
  const auto place =
      std::min(values.size() - 1, static_cast<std::size_t>(quantile * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place), values.end());
  return values[place];
}

}  // namespace bench::quality
