#include "core/balance/health.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace fairlead::balance {
namespace {

constexpr HealthPolicy policy{5, std::chrono::milliseconds{10'000}};

TEST(Health, GoesToRestWithTheLastOfTheAllowedFailures) {
  const HealthStep fourth = after_connect_failure({3, 0}, 1'000, policy);
  EXPECT_EQ(fourth.next, (ConnectHealth{4, 0}));
  EXPECT_FALSE(fourth.flipped);
  const HealthStep fifth = after_connect_failure(fourth.next, 1'000, policy);
  EXPECT_EQ(fifth.next, (ConnectHealth{5, 11'000}));
  EXPECT_TRUE(fifth.flipped);
}

TEST(Health, NeitherCountsNorProlongsDuringARest) {
  const HealthStep step = after_connect_failure({5, 11'000}, 10'999, policy);
  EXPECT_EQ(step.next, (ConnectHealth{5, 11'000}));
  EXPECT_FALSE(step.flipped);
}

TEST(Health, GoesBackToRestAtOnceWhenItFailsAfterOne) {
  const HealthStep step = after_connect_failure({5, 11'000}, 11'000, policy);
  EXPECT_EQ(step.next, (ConnectHealth{6, 21'000}));
  EXPECT_TRUE(step.flipped);
}

TEST(Health, ForgetsAllWithASuccess) {
  EXPECT_EQ(after_connect_success({5, 11'000}).next, ConnectHealth{});
  EXPECT_TRUE(after_connect_success({5, 11'000}).flipped);
  EXPECT_EQ(after_connect_success({4, 0}).next, ConnectHealth{});
  EXPECT_FALSE(after_connect_success({4, 0}).flipped);
}

TEST(Health, DoesNotOverflowItsCount) {
  EXPECT_EQ(after_connect_failure({UINT32_MAX, 0}, 0, policy).next.failures, UINT32_MAX);
}

TEST(Health, RestsOnTheCellsUntilTheEndOfTheRest) {
  BackendActivity backend;
  PoolActivity pool;
  for (int failure = 1; failure <= 4; ++failure) {
    EXPECT_FALSE(note_connect_failure(backend, pool, 1'000, policy));
  }
  EXPECT_FALSE(rests(backend, 1'000));
  EXPECT_FALSE(any_rests(pool, 1'000));
  EXPECT_TRUE(note_connect_failure(backend, pool, 1'000, policy));
  EXPECT_TRUE(rests(backend, 10'999));
  EXPECT_TRUE(any_rests(pool, 10'999));
  EXPECT_FALSE(rests(backend, 11'000));
  EXPECT_FALSE(any_rests(pool, 11'000));
}

TEST(Health, StartsCountingAnewAfterASuccess) {
  BackendActivity backend;
  PoolActivity pool;
  for (int failure = 1; failure <= 4; ++failure) {
    note_connect_failure(backend, pool, 0, policy);
  }
  EXPECT_FALSE(note_connect_success(backend));
  for (int failure = 1; failure <= 4; ++failure) {
    EXPECT_FALSE(note_connect_failure(backend, pool, 0, policy));
  }
  EXPECT_TRUE(note_connect_failure(backend, pool, 0, policy));
}

TEST(Health, TellsTheEndOfARestOnce) {
  BackendActivity backend;
  PoolActivity pool;
  for (int failure = 1; failure <= 5; ++failure) {
    note_connect_failure(backend, pool, 0, policy);
  }
  EXPECT_TRUE(note_connect_success(backend));
  EXPECT_FALSE(rests(backend, 0));
  EXPECT_FALSE(note_connect_success(backend));
}

TEST(Health, KeepsThePoolsLatestRest) {
  BackendActivity first;
  BackendActivity second;
  PoolActivity pool;
  const HealthPolicy hasty{1, std::chrono::milliseconds{10}};
  note_connect_failure(first, pool, 100, policy);
  note_connect_failure(first, pool, 100, hasty);
  EXPECT_EQ(pool.rests_until_ms.load(), 110);
  note_connect_failure(second, pool, 50, hasty);
  EXPECT_EQ(second.rests_until_ms.load(), 60);
  EXPECT_EQ(pool.rests_until_ms.load(), 110);
}

TEST(Health, TellsExactlyOneOfManyThreads) {
  BackendActivity backend;
  PoolActivity pool;
  std::atomic<int> told{0};
  std::vector<std::thread> threads;
  for (int index = 0; index < 4; ++index) {
    threads.emplace_back([&backend, &pool, &told] {
      for (int failure = 0; failure < 1'000; ++failure) {
        told += note_connect_failure(backend, pool, 1'000, policy) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(told.load(), 1);
  EXPECT_EQ(backend.rests_until_ms.load(), 11'000);
}

}  // namespace
}  // namespace fairlead::balance
