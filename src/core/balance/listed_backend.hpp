// A backend as a pool's list has it: what a user, the configuration or an operator said of it, before it becomes part
// of a BackendSet. Value type; used by whoever reads or edits lists (fleet, control).
#pragma once

#include <cstdint>
#include <string>

namespace fairlead::balance {

inline constexpr std::uint32_t weight_max = 1'000;

struct ListedBackend {
  std::string url;
  std::uint32_t weight = 1;            ///< 1..weight_max
  std::int64_t draining_since_ms = 0;  ///< Unix time; 0: it takes requests

  [[nodiscard]] bool is_draining() const { return draining_since_ms != 0; }
  friend bool operator==(const ListedBackend&, const ListedBackend&) = default;
};

}  // namespace fairlead::balance
