// What the contract test doesn't hold for every strategy.
#include <gtest/gtest.h>

#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

TEST(Random, GoesByChanceAlone) {
  std::vector<Backend> list(4);
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].url = "http://" + std::to_string(i);
  }
  const BackendSet backends(std::move(list));
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
