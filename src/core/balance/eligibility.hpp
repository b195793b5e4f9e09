// Which backends a request may go to: those that it hasn't tried and that don't rest; if that leaves none, those that
// it hasn't tried, because a backend that might answer beats a certain 503. Fills what PickInput::eligible takes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {

/// `out` gets one entry a backend, non-zero: may serve; its capacity is reused. False: none may.
bool fill_eligible(const BackendSet& backends, std::span<const std::string_view> tried, std::int64_t now_ms,
                   std::vector<std::uint8_t>& out);

}  // namespace fairlead::balance
