#include "core/balance/draw.hpp"

namespace fairlead::balance {
namespace {

/// Uniform below `range`; Lemire, "Fast Random Integer Generation in an Interval" (2019), without the rejection: its
/// bias is range / 2^64.
std::uint64_t scaled(std::uint64_t random, std::uint64_t range) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{random} * range >> 64);
}

}  // namespace

std::optional<BackendIndex> draw_by_weight(const BackendSet& backends, const PickInput& input, std::uint64_t random,
                                           std::optional<BackendIndex> left_out) {
  const auto may_be_drawn = [&](BackendIndex index) {
    return index != left_out && (input.eligible.empty() || input.eligible[index] != 0);
  };
  if (backends.uniform() && input.eligible.empty()) {
    const std::size_t others = backends.size() - (left_out ? 1 : 0);
    if (others == 0) {
      return std::nullopt;
    }
    const auto index = static_cast<BackendIndex>(scaled(random, others));
    return left_out && index >= *left_out ? index + 1 : index;
  }
  std::uint64_t total = 0;
  for (BackendIndex index = 0; index < backends.size(); ++index) {
    total += may_be_drawn(index) ? backends[index].weight : 0;
  }
  if (total == 0) {
    return std::nullopt;
  }
  std::uint64_t place = scaled(random, total);
  BackendIndex index = 0;
  while (!may_be_drawn(index) || place >= backends[index].weight) {
    place -= may_be_drawn(index) ? backends[index].weight : 0;
    ++index;
  }
  return index;
}

std::optional<Two> draw_two_by_weight(const BackendSet& backends, const PickInput& input) {
  const std::optional<BackendIndex> first = draw_by_weight(backends, input, input.random);
  if (!first) {
    return std::nullopt;
  }
  return Two{*first, draw_by_weight(backends, input, next_random(input.random), first).value_or(*first)};
}

std::uint64_t next_random(std::uint64_t random) {
  random += 0x9e3779b97f4a7c15ULL;
  random = (random ^ (random >> 30)) * 0xbf58476d1ce4e5b9ULL;
  random = (random ^ (random >> 27)) * 0x94d049bb133111ebULL;
  return random ^ (random >> 31);
}

}  // namespace fairlead::balance
