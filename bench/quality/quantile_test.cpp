#include "quantile.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace bench::quality {
namespace {

TEST(Quantile, HasItsShareOfTheValuesBelowIt) {
  std::vector<std::int64_t> values(1000);
  std::iota(values.rbegin(), values.rend(), 0);
  EXPECT_EQ(quantile_of(values, 0.5), 500);
  EXPECT_EQ(quantile_of(values, 0.99), 990);
  EXPECT_EQ(quantile_of(values, 0.999), 999);
}

TEST(Quantile, OfAllIsTheLargest) {
  std::vector<std::int64_t> values{7, 9, 8};
  EXPECT_EQ(quantile_of(values, 1), 9);
}

TEST(Quantile, OfNothingIsNought) {
  std::vector<std::int64_t> values;
  EXPECT_EQ(quantile_of(values, 0.5), 0);
}

}  // namespace
}  // namespace bench::quality
