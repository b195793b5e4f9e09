#include <gtest/gtest.h>

#include <random>

#include "core/balance/strategy.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;
using testing::equal_backends;

struct Given {
  std::vector<float> latencies;
  std::vector<std::uint32_t> loads;
};

/// How often each was picked in 1,000 picks.
std::vector<int> picks(const BackendSet& backends, const Given& given) {
  const auto strategy = make_prequal(backends);
  std::vector<int> counts(backends.size());
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    PickInput input;
    input.loads = given.loads;
    input.latencies = given.latencies;
    input.random = random();
    ++counts[*strategy->pick(input)];
  }
  return counts;
}

TEST(Prequal, AmongTheColdTheQuickerIsBetterThoughItHasMoreInFlight) {
  // The last is hot: more in flight than all others.
  const std::vector<int> counts = picks(equal_backends(4), {{0.03F, 0.01F, 0.03F, 0.001F}, {0, 8, 0, 9}});
  EXPECT_NEAR(counts[1], 760, 60);  // drawn at least once of five times
  EXPECT_LT(counts[3], 10);         // only when nobody else was drawn
}

TEST(Prequal, OfTwoTheMoreLoadedIsHot) {
  const std::vector<int> counts = picks(equal_backends(2), {{0.03F, 0.01F}, {1, 2}});
  EXPECT_GT(counts[0], 930);
}

TEST(Prequal, EqualLoadsMakeNobodyHot) {
  const std::vector<int> counts = picks(equal_backends(2), {{0.03F, 0.01F}, {2, 2}});
  EXPECT_GT(counts[1], 930);
}

TEST(Prequal, AHeavierBackendIsHotLater) {
  const std::vector<int> counts = picks(backends_of({1, 4}), {{0.03F, 0.01F}, {1, 4}});
  EXPECT_GT(counts[1], 930);
}

TEST(Prequal, TheQuickestOfManyIsNotEverybodys) {
  std::vector<float> latencies(50, 0.02F);
  latencies[7] = 0.001F;
  const std::vector<int> counts = picks(equal_backends(50), {latencies, std::vector<std::uint32_t>(50, 1)});
  EXPECT_NEAR(counts[7], 96, 35);  // one of five draws of fifty
}

TEST(Prequal, WhoIsNotKnownYetIsTriedByOneRequestAtATime) {
  EXPECT_GT(picks(equal_backends(3), {{0, 0.01F, 0.01F}, {0, 1, 1}})[0], 700);
  EXPECT_LT(picks(equal_backends(3), {{0, 0.01F, 0.01F}, {1, 1, 1}})[0], 15);
}

}  // namespace
}  // namespace fairlead::balance
