#include "core/balance/hash_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/balance/draw.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;
using testing::equal_backends;

constexpr std::uint32_t positions = 100'000;

std::uint32_t position_of(std::uint32_t number) {
  return static_cast<std::uint32_t>(next_random(number) >> 32);
}

bool any(BackendIndex) {
  return true;
}

/// Who owns each position, by index of `backends`.
std::vector<BackendIndex> owners(const BackendSet& backends) {
  const HashRing ring(backends);
  std::vector<BackendIndex> owners;
  owners.reserve(positions);
  for (std::uint32_t number = 0; number < positions; ++number) {
    owners.push_back(ring.nearest(position_of(number), any).value());
  }
  return owners;
}

struct Moves {
  int to_it = 0;
  int from_it = 0;
  int among_others = 0;
};

/// Of positions whose owner isn't the same, seen from the backend `it`.
Moves moves(const std::vector<BackendIndex>& before, const std::vector<BackendIndex>& after, BackendIndex it) {
  Moves moves;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != after[i]) {
      ++(after[i] == it ? moves.to_it : before[i] == it ? moves.from_it : moves.among_others);
    }
  }
  return moves;
}

TEST(HashRing, AnEmptyOneGivesNothing) {
  EXPECT_EQ(HashRing(BackendSet()).nearest(7, any), std::nullopt);
}

TEST(HashRing, GivesNothingWhenNoneIsAllowed) {
  EXPECT_EQ(HashRing(equal_backends(3)).nearest(7, [](BackendIndex) { return false; }), std::nullopt);
}

TEST(HashRing, AllOfItBelongsToASingleBackend) {
  const HashRing ring(equal_backends(1));
  for (const std::uint32_t position : {0U, 1U, 1U << 31, UINT32_MAX}) {
    EXPECT_EQ(ring.nearest(position, any), BackendIndex{0});
  }
}

TEST(HashRing, SharesAreAsTheWeights) {
  const std::vector<std::uint32_t> weights{1, 1, 2, 3, 5, 8};
  std::vector<int> counts(weights.size());
  for (const BackendIndex owner : owners(backends_of(weights))) {
    ++counts[owner];
  }
  for (std::size_t index = 0; index < weights.size(); ++index) {
    const double share = positions * weights[index] / 20.0;
    EXPECT_NEAR(counts[index], share, share * 0.2) << index;
  }
}

TEST(HashRing, SharesOfAHundredEqualsDifferLittle) {
  std::vector<int> counts(100);
  for (const BackendIndex owner : owners(equal_backends(100))) {
    ++counts[owner];
  }
  EXPECT_GE(*std::ranges::min_element(counts), 750);
  EXPECT_LE(*std::ranges::max_element(counts), 1'250);
}

TEST(HashRing, WhoJoinsTakesItsShareAndNothingElseMoves) {
  const Moves joined = moves(owners(equal_backends(10)), owners(equal_backends(11)), 10);
  EXPECT_NEAR(joined.to_it, positions / 11.0, positions / 11.0 * 0.2);
  EXPECT_EQ(joined.from_it + joined.among_others, 0);
}

TEST(HashRing, WhatALeaverOwnedIsSpreadOverTheOthersAndNothingElseMoves) {
  const std::vector<BackendIndex> before = owners(equal_backends(11));
  const std::vector<BackendIndex> after = owners(equal_backends(10));
  const Moves left = moves(before, after, 10);
  EXPECT_EQ(left.to_it + left.among_others, 0);
  std::vector<int> heirs(10);
  for (std::size_t i = 0; i < before.size(); ++i) {
    heirs[after[i]] += before[i] == 10 ? 1 : 0;
  }
  EXPECT_NEAR(left.from_it, positions / 11.0, positions / 11.0 * 0.2);
  EXPECT_GE(*std::ranges::min_element(heirs), left.from_it / 30);  // a few of its points each, so roughly
}

TEST(HashRing, AHigherWeightOnlyTakesAndALowerOneOnlyGives) {
  const std::vector<BackendIndex> low = owners(backends_of({1, 1, 3, 7}));
  const std::vector<BackendIndex> high = owners(backends_of({1, 1, 4, 7}));
  const Moves raised = moves(low, high, 2);
  EXPECT_NEAR(raised.to_it, positions * (4 / 13.0 - 3 / 12.0), positions * 0.02);
  EXPECT_EQ(raised.from_it + raised.among_others, 0);
  EXPECT_EQ(moves(high, low, 2).from_it, raised.to_it);
}

TEST(HashRing, WeightsThatAllGrowAlikeMoveNothing) {
  EXPECT_EQ(owners(backends_of({1, 2, 5})), owners(backends_of({100, 200, 500})));
}

TEST(HashRing, TheOrderOfTheListLeavesNoTrace) {
  std::vector<Backend> list;
  for (const Backend& backend : backends_of({1, 4, 2, 4, 9})) {
    list.push_back(backend);
  }
  const BackendSet forward(list);
  std::ranges::reverse(list);
  const std::vector<BackendIndex> there = owners(forward);
  const std::vector<BackendIndex> back = owners(BackendSet(list));
  for (std::size_t i = 0; i < there.size(); ++i) {
    ASSERT_EQ(there[i], 4 - back[i]);
  }
}

/// The owner is what it would be against each other backend alone, so that it doesn't matter who else is there.
TEST(HashRing, TheOwnerIsNearerThanEachOther) {
  const HashRing ring(backends_of({1, 1000, 3, 1, 20}));
  for (std::uint32_t number = 0; number < 5'000; ++number) {
    const BackendIndex owner = ring.nearest(position_of(number), any).value();
    for (BackendIndex other = 0; other < 5; ++other) {
      EXPECT_EQ(ring.nearest(position_of(number), [&](BackendIndex one) { return one == owner || one == other; }),
                owner);
    }
  }
}

TEST(HashRing, AUrlListedTwiceIsOneBackend) {
  std::vector<Backend> list;
  for (const Backend& backend : equal_backends(4)) {
    list.push_back(backend);
  }
  const std::vector<BackendIndex> once = owners(BackendSet(list));
  list.push_back(list[2]);
  const BackendSet repeated(list);
  const std::vector<BackendIndex> twice = owners(repeated);
  for (std::size_t i = 0; i < once.size(); ++i) {
    ASSERT_EQ(repeated[twice[i]].url, repeated[once[i]].url);
  }
}

}  // namespace
}  // namespace fairlead::balance
