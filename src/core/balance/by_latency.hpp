// What strategies by latency share: how a pick reads loads and latencies, and how a backend that nobody knows yet gets
// its first request. Measurements come from outside, so one that is no number above 0 is taken for "not known".
// Pure; used by strategies.
#pragma once

#include <cstdint>

#include "core/balance/strategy.hpp"

namespace fairlead::balance {

[[nodiscard]] std::uint64_t load_of(const PickInput& input, BackendIndex index);
/// Seconds; 0: not known yet.
[[nodiscard]] double latency_of(const PickInput& input, BackendIndex index);
/// With the request that is to come, `left` is loaded less for its weight.
[[nodiscard]] bool is_less_loaded(const BackendSet& backends, const PickInput& input, BackendIndex left,
                                  BackendIndex right);

struct TwoLatencies {
  double left = 1;
  double right = 1;
};
/// Seconds by which to compare two. Who isn't known is taken to be as quick as the other while it has nothing in
/// flight, and infinitely slow else: it is tried when its turn comes, by one request at a time. Neither known: equal.
[[nodiscard]] TwoLatencies latencies_of(const PickInput& input, BackendIndex left, BackendIndex right);

}  // namespace fairlead::balance
