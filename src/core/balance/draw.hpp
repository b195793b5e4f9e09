// Drawing a backend at random, by weight: what the strategies that go by chance share. Pure: the chance comes in as a
// number. One multiplication when all weigh the same and may serve, else two passes over the set.
#pragma once

#include <cstdint>
#include <optional>

#include "core/balance/strategy.hpp"

namespace fairlead::balance {

/// `random` is uniform over 64 bits; `left_out` isn't drawn. Nothing: no other is eligible.
std::optional<BackendIndex> draw_by_weight(const BackendSet& backends, const PickInput& input, std::uint64_t random,
                                           std::optional<BackendIndex> left_out = std::nullopt);

struct Two {
  BackendIndex first = 0;
  BackendIndex second = 0;  ///< the first again, if no other is eligible
};
/// Nothing: none is eligible.
std::optional<Two> draw_two_by_weight(const BackendSet& backends, const PickInput& input);

/// Another uniform number made of one (splitmix64's finish), independent enough for a second draw.
std::uint64_t next_random(std::uint64_t random);

}  // namespace fairlead::balance
