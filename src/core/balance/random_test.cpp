// What the contract test doesn't hold for every strategy.
#include <gtest/gtest.h>

#include "core/balance/strategy.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::equal_backends;

TEST(Random, GoesByChanceAlone) {
  const BackendSet backends = equal_backends(4);
  const auto strategy = make_random(backends);
  const std::vector<std::uint32_t> loads{1000, 0, 0, 0};
  PickInput input;
  input.loads = loads;
  EXPECT_EQ(strategy->pick(input), 0U);
  input.ticket = 99;
  EXPECT_EQ(strategy->pick(input), 0U);
  input.random = UINT64_MAX;
  EXPECT_EQ(strategy->pick(input), 3U);
  EXPECT_FALSE(strategy->needs_loads());
}

}  // namespace
}  // namespace fairlead::balance
