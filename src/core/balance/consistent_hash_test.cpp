#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/balance/stable_hash.hpp"
#include "core/balance/strategy.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;
using testing::equal_backends;

constexpr float bound = 1.25F;

struct Pool {
  explicit Pool(BackendSet set) : backends(std::move(set)), loads(backends.size()) {}

  std::optional<BackendIndex> pick(std::uint64_t hash, float load_max = bound,
                                   const std::vector<std::uint8_t>& eligible = {}) const {
    PickInput input;
    input.hash = hash;
    input.loads = loads;
    input.load_max = load_max;
    input.eligible = eligible;
    return strategy->pick(input);
  }
  BackendIndex owner(std::uint64_t hash) const { return pick(hash, 0).value(); }

  BackendSet backends;
  std::vector<std::uint32_t> loads;
  std::unique_ptr<Strategy> strategy = make_consistent_hash(backends);
};

std::uint64_t user(int number) {
  return stable_hash("user-" + std::to_string(number));
}

std::uint32_t rounded_up(double share) {
  return static_cast<std::uint32_t>(std::ceil(share));
}

TEST(ConsistentHash, AKeysBackendIsTheSameInEveryVersion) {
  const Pool pool(equal_backends(10));
  const std::vector<BackendIndex> known{3, 1, 0, 6, 1, 3, 4, 1, 4, 4, 6, 9};
  for (int number = 0; number < 12; ++number) {
    EXPECT_EQ(pool.owner(user(number)), known[static_cast<std::size_t>(number)]) << number;
  }
}

TEST(ConsistentHash, ManyKeysAreSpreadEvenly) {
  const Pool pool(equal_backends(10));
  std::vector<int> counts(10);
  for (int number = 0; number < 100'000; ++number) {
    ++counts[pool.owner(user(number))];
  }
  EXPECT_GE(*std::ranges::min_element(counts), 8'500);
  EXPECT_LE(*std::ranges::max_element(counts), 11'500);
}

TEST(ConsistentHash, KeysThatDifferInOneByteAreSpreadToo) {
  const Pool pool(equal_backends(4));
  std::vector<int> counts(4);
  for (int byte = 0; byte < 256; ++byte) {
    const char text[] = {static_cast<char>(byte)};
    ++counts[pool.owner(stable_hash(std::string_view(text, 1)))];
  }
  EXPECT_GE(*std::ranges::min_element(counts), 32);
}

TEST(ConsistentHash, AKeyStaysUpToItsBackendsShareTimesTheBoundRoundedUp) {
  Pool pool(equal_backends(4));
  const BackendIndex owner = pool.owner(7);
  pool.loads.assign(4, 9);
  pool.loads[owner] = 13;  // of 40 in all: 12.5, rounded up
  EXPECT_EQ(pool.pick(7), owner);
  pool.loads[owner] = 14;  // of 41: 12.8
  EXPECT_NE(pool.pick(7), owner);
}

TEST(ConsistentHash, ASecondRequestOfAKeyStaysThoughNothingElseGoesOn) {
  Pool pool(equal_backends(4));
  const BackendIndex owner = pool.owner(7);
  pool.loads[owner] = 1;
  EXPECT_EQ(pool.pick(7), owner);
  pool.loads[owner] = 2;
  EXPECT_NE(pool.pick(7), owner);
}

TEST(ConsistentHash, AHeavierBackendMayHaveMore) {
  Pool pool(backends_of({1, 3}));
  int key = 0;
  while (pool.owner(user(key)) != 1) {
    ++key;
  }
  pool.loads = {5, 75};  // 80 in all: 75 is 1.25 times its three quarters
  EXPECT_EQ(pool.pick(user(key)), BackendIndex{1});
  pool.loads = {4, 76};
  EXPECT_EQ(pool.pick(user(key)), BackendIndex{0});
}

/// What a client gains that sends one key only, or keys that it chose for one backend.
TEST(ConsistentHash, OneKeyAloneFillsNoBackendBeyondTheBound) {
  const std::vector<std::uint32_t> weights{1, 1, 2, 4};
  Pool pool(backends_of(weights));
  for (std::uint32_t sent = 0; sent < 10'000; ++sent) {
    const BackendIndex picked = pool.pick(7).value();
    EXPECT_LE(pool.loads[picked], rounded_up(1.25 * sent * weights[picked] / 8));
    ++pool.loads[picked];
  }
}

TEST(ConsistentHash, WhatIsPassedOverGoesToTheSameNextBackend) {
  Pool pool(equal_backends(10));
  const BackendIndex owner = pool.owner(7);
  pool.loads[owner] = 100;
  const BackendIndex next = pool.pick(7).value();
  for (std::uint32_t load = 0; load < 5; ++load) {
    pool.loads[next] = load;
    EXPECT_EQ(pool.pick(7), next);
  }
}

TEST(ConsistentHash, OnlyTheKeysOfABackendThatMayNotServeMove) {
  const Pool pool(equal_backends(5));
  const std::vector<std::uint8_t> without_two{1, 1, 0, 1, 1};
  for (int number = 0; number < 2'000; ++number) {
    const BackendIndex owner = pool.owner(user(number));
    const BackendIndex now = pool.pick(user(number), bound, without_two).value();
    EXPECT_TRUE(owner == 2 ? now != 2 : now == owner);
  }
}

TEST(ConsistentHash, LoadsOfWhoMayNotServeDontLiftTheBound) {
  Pool pool(equal_backends(3));
  const BackendIndex owner = pool.owner(7);
  std::vector<std::uint8_t> eligible(3, 1);
  eligible[(owner + 1) % 3] = 0;
  pool.loads[(owner + 1) % 3] = 1'000;
  pool.loads[owner] = 3;
  EXPECT_EQ(pool.pick(7, bound, eligible), (owner + 2) % 3);
}

TEST(ConsistentHash, WithoutABoundAKeyStaysHoweverLoaded) {
  Pool pool(equal_backends(4));
  const BackendIndex owner = pool.owner(7);
  pool.loads[owner] = 1'000'000;
  EXPECT_EQ(pool.pick(7, 0), owner);
}

TEST(ConsistentHash, WithoutLoadsThereIsNoBound) {
  Pool pool(equal_backends(4));
  const BackendIndex owner = pool.owner(7);
  pool.loads.clear();
  EXPECT_EQ(pool.pick(7), owner);
}

TEST(ConsistentHash, TheSmallestBoundStillFindsABackend) {
  Pool pool(backends_of({1, 2, 3}));
  pool.loads = {10, 20, 30};
  EXPECT_EQ(pool.pick(7, 1), pool.owner(7));
}

}  // namespace
}  // namespace fairlead::balance
