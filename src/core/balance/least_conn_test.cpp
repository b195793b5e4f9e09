#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/balance/strategy.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;

struct Case {
  std::vector<std::uint32_t> weights;
  std::vector<std::uint32_t> loads;
  std::vector<std::uint8_t> eligible = {};
};

std::optional<BackendIndex> pick(const Case& given, std::uint64_t ticket = 0) {
  const BackendSet backends = backends_of(given.weights);
  return make_least_conn(backends)->pick({ticket, given.loads, given.eligible});
}

TEST(LeastConn, TakesTheSmallestLoad) {
  EXPECT_EQ(pick({{1, 1, 1}, {3, 1, 2}}), 1U);
  EXPECT_EQ(pick({{1, 1, 1}, {3, 2, 0}}), 2U);
}

TEST(LeastConn, ComparesLoadsByWeight) {
  EXPECT_EQ(pick({{4, 1}, {7, 2}}), 0U);
  EXPECT_EQ(pick({{4, 1}, {9, 2}}), 1U);
}

TEST(LeastConn, ComparesLargeRatiosExactly) {
  EXPECT_EQ(pick({{4294967295U, 4294967294U}, {4294967294U, 4294967294U}}), 0U);
  EXPECT_EQ(pick({{4294967294U, 4294967295U}, {4294967294U, 4294967294U}}), 1U);
}

TEST(LeastConn, RotatesOverEqualsByTheTicket) {
  const Case given{{1, 1, 1, 1}, {2, 5, 2, 2}};
  EXPECT_EQ(pick(given, 0), 0U);
  EXPECT_EQ(pick(given, 1), 2U);
  EXPECT_EQ(pick(given, 2), 3U);
  EXPECT_EQ(pick(given, 3), 0U);
}

TEST(LeastConn, CountsEqualRatiosOfDifferentWeightsAsEqual) {
  const Case given{{1, 3}, {2, 6}};
  EXPECT_EQ(pick(given, 0), 0U);
  EXPECT_EQ(pick(given, 1), 1U);
}

TEST(LeastConn, RotatesOverEligibleEqualsOnly) {
  const Case given{{1, 1, 1}, {0, 0, 0}, {0, 1, 1}};
  EXPECT_EQ(pick(given, 0), 1U);
  EXPECT_EQ(pick(given, 1), 2U);
  EXPECT_EQ(pick(given, 2), 1U);
}

TEST(LeastConn, IgnoresALesserLoadThatIsNotEligible) {
  EXPECT_EQ(pick({{1, 1}, {0, 9}, {0, 1}}), 1U);
}

TEST(LeastConn, TakesAMissingLoadAsNone) {
  EXPECT_EQ(pick({{1, 1}, {1}}), 1U);
}

TEST(LeastConn, NeedsLoads) {
  const BackendSet backends;
  EXPECT_TRUE(make_least_conn(backends)->needs_loads());
}

}  // namespace
}  // namespace fairlead::balance
