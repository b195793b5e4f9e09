// The contract that every strategy of the roster keeps.
#include "core/balance/strategy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "core/balance/draw.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;

/// A pick's number gives its chance and its key, so that a failure repeats.
PickInput input_of(std::uint64_t ticket, const std::vector<std::uint32_t>& loads,
                   const std::vector<std::uint8_t>& eligible = {}) {
  PickInput input;
  input.ticket = ticket;
  input.loads = loads;
  input.eligible = eligible;
  input.random = next_random(ticket);
  input.hash = next_random(input.random);
  input.load_max = 1.25F;
  return input;
}

bool goes_by_turns(const Strategy& strategy) {
  return !strategy.needs_chance() && !strategy.needs_key();
}

/// What picks may differ from their shares: two with turns, five standard deviations with chance; shares of keys are
/// rough themselves.
double tolerance(const Strategy& strategy, double share) {
  if (strategy.needs_key()) {
    return share / 5;
  }
  return strategy.needs_chance() ? 5 * std::sqrt(share) : 2;
}

class StrategyContract : public ::testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] std::unique_ptr<Strategy> make(const BackendSet& backends) const {
    return make_strategy(*strategy_of(GetParam()), backends);
  }
};

TEST_P(StrategyContract, HasAnIdOfItsName) {
  const auto id = strategy_of(GetParam());
  ASSERT_TRUE(id);
  EXPECT_EQ(name_of(*id), GetParam());
}

TEST_P(StrategyContract, PicksNothingFromAnEmptySet) {
  const BackendSet backends;
  EXPECT_EQ(make(backends)->pick({}), std::nullopt);
}

TEST_P(StrategyContract, PicksNothingOnlyIfNoneIsEligible) {
  const BackendSet backends = backends_of({1, 5, 2, 1});
  const auto strategy = make(backends);
  const std::vector<std::uint32_t> loads{3, 0, 1, 9};
  for (unsigned mask = 0; mask < 16; ++mask) {
    std::vector<std::uint8_t> eligible(4);
    for (unsigned index = 0; index < 4; ++index) {
      eligible[index] = (mask >> index) & 1U;
    }
    for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
      const auto pick = strategy->pick(input_of(ticket, loads, eligible));
      EXPECT_EQ(pick.has_value(), mask != 0);
      EXPECT_TRUE(!pick || eligible[*pick] != 0) << "mask " << mask << " ticket " << ticket;
    }
  }
}

TEST_P(StrategyContract, TakesAnEmptyEligibleSpanAsAll) {
  const BackendSet backends = backends_of({2, 1, 1});
  const auto strategy = make(backends);
  const std::vector<std::uint32_t> loads{1, 2, 0};
  const std::vector<std::uint8_t> all(3, 1);
  for (std::uint64_t ticket = 0; ticket < 12; ++ticket) {
    EXPECT_EQ(strategy->pick(input_of(ticket, loads)), strategy->pick(input_of(ticket, loads, all)));
  }
}

TEST_P(StrategyContract, GivesTheSamePickForTheSameInput) {
  const BackendSet backends = backends_of({3, 1, 7, 7, 2});
  const auto first = make(backends);
  const auto second = make(backends);
  std::mt19937 random(7);  // NOLINT: the seed is fixed so that a failure repeats
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t ticket = random();
    std::vector<std::uint32_t> loads(5);
    std::vector<std::uint8_t> eligible(5);
    std::generate(loads.begin(), loads.end(), [&random] { return random() % 10; });
    std::generate(eligible.begin(), eligible.end(), [&random] { return static_cast<std::uint8_t>(random() % 2); });
    const PickInput input = input_of(ticket, loads, eligible);
    const auto pick = first->pick(input);
    EXPECT_EQ(first->pick(input), pick);
    EXPECT_EQ(second->pick(input), pick);
  }
}

TEST_P(StrategyContract, RespectsWeights) {
  const std::vector<std::uint32_t> weights{5, 1, 3, 1};
  const BackendSet backends = backends_of(weights);
  const auto strategy = make(backends);
  const std::uint32_t turns = goes_by_turns(*strategy) ? 100 : 10'000;
  std::vector<std::uint32_t> loads(weights.size());
  for (std::uint64_t ticket = 0; ticket < 10 * turns; ++ticket) {
    const auto pick = strategy->pick(input_of(ticket, loads));
    ASSERT_TRUE(pick);
    ++loads[*pick];
  }
  for (std::size_t index = 0; index < weights.size(); ++index) {
    const double share = 1.0 * turns * weights[index];
    EXPECT_NEAR(loads[index], share, tolerance(*strategy, share)) << index;
  }
}

TEST_P(StrategyContract, SpreadsOverEqualsByTurnsByChanceOrByKeys) {
  const BackendSet backends = backends_of({4, 4, 4});
  const auto strategy = make(backends);
  const std::vector<std::uint32_t> loads(3, 0);
  std::vector<int> picks(3);
  for (std::uint64_t ticket = 0; ticket < 900; ++ticket) {
    const auto pick = strategy->pick(input_of(ticket, loads));
    ASSERT_TRUE(pick);
    ++picks[*pick];
    if (goes_by_turns(*strategy)) {
      EXPECT_EQ(pick, static_cast<BackendIndex>(ticket % 3));
    }
  }
  for (const int count : picks) {
    EXPECT_NEAR(count, 300, 85);
  }
}

TEST_P(StrategyContract, PicksWhateverOthersAreExpectedToPlace) {
  const BackendSet backends = backends_of({1, 1000, 7});
  const auto strategy = make(backends);
  for (const std::uint32_t load : {0U, 5U, 4'000'000'000U}) {
    for (const float expected : {1e-38F, 1e-20F, 1e-3F, 0.5F, 1e6F, 3e38F}) {
      const std::vector<std::uint32_t> loads{load, load, load};
      PickInput input = input_of(3, loads);
      input.expected = expected;
      EXPECT_TRUE(strategy->pick(input)) << load << " " << expected;
    }
  }
}

TEST_P(StrategyContract, TakesTheHighestTicketAndExtremeLoadsAndWeights) {
  const BackendSet backends = backends_of({1, 4294967295U});
  const auto strategy = make(backends);
  const std::vector<std::uint32_t> loads{4294967295U, 4294967295U};
  EXPECT_TRUE(strategy->pick(input_of(UINT64_MAX, loads)));
}

TEST_P(StrategyContract, PicksTheEligibleWhateverTheirLatenciesLookLike) {
  const BackendSet backends = backends_of({1, 2, 1});
  const auto strategy = make(backends);
  constexpr float largest = std::numeric_limits<float>::max();
  constexpr float infinite = std::numeric_limits<float>::infinity();
  constexpr float no_number = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::uint8_t> eligible{1, 0, 1};
  const std::vector<std::uint32_t> loads{0, 3, 4294967295U};
  for (const float one : {0.0F, -1.0F, 1e-38F, 0.01F, largest, infinite, no_number}) {
    for (const float other : {0.0F, 0.02F, largest, infinite, no_number}) {
      const std::vector<float> latencies{one, other, other};
      for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
        PickInput input = input_of(ticket, loads, eligible);
        input.latencies = latencies;
        const auto pick = strategy->pick(input);
        ASSERT_TRUE(pick);
        EXPECT_NE(*pick, 1U) << one << " " << other;
        EXPECT_EQ(strategy->pick(input), pick);
      }
    }
  }
}

TEST_P(StrategyContract, LatenciesComeWithLoadsAndChance) {
  const BackendSet backends = backends_of({1, 1});
  const auto strategy = make(backends);
  if (strategy->needs_latencies()) {
    EXPECT_TRUE(strategy->needs_loads());   // the sync asks for them together
    EXPECT_TRUE(strategy->needs_chance());  // the quickest of a fleet is everybody's
  }
}

INSTANTIATE_TEST_SUITE_P(Roster, StrategyContract,
                         ::testing::ValuesIn(strategy_names().begin(), strategy_names().end()),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(StrategyRoster, IsInAlphabeticalOrderAndHasNoDoubles) {
  const auto names = strategy_names();
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end(), std::greater_equal<>()), names.end());
}

TEST(StrategyRoster, KnowsTheNamesOfTheContract) {
  EXPECT_EQ(strategy_of("round_robin"), StrategyId::round_robin);
  EXPECT_EQ(strategy_of("least_conn"), StrategyId::least_conn);
}

TEST(StrategyRoster, KnowsNoOtherSpelling) {
  for (const char* name : {"", "ROUND_ROBIN", "round-robin", "round_robin ", "leastconn", "random_name"}) {
    EXPECT_EQ(strategy_of(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace fairlead::balance
