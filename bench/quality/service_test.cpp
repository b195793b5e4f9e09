#include "service.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bench::quality {
namespace {

constexpr std::uint64_t draws = 200'000;

template <typename Draw>
double mean_ms(Draw draw) {
  double sum_ns = 0;
  for (std::uint64_t number = 0; number < draws; ++number) {
    sum_ns += static_cast<double>(draw(number).count());
  }
  return sum_ns / draws / 1e6;
}

TEST(Service, TimesHaveTheMeanThatIsAskedFor) {
  EXPECT_NEAR(mean_ms([](std::uint64_t number) { return exponential(work_of(number, 1), 10e6); }), 10, 0.1);
  // Of infinite variance: the mean itself strays.
  EXPECT_NEAR(mean_ms([](std::uint64_t number) { return pareto(work_of(number, 1), 10e6); }), 10, 0.5);
}

TEST(Service, NoParetoTimeIsBelowAThirdOfTheMean) {
  std::int64_t least = 1'000'000'000;
  for (std::uint64_t number = 0; number < draws; ++number) {
    least = std::min(least, std::int64_t{pareto(work_of(number, 1), 9e6).count()});
  }
  EXPECT_NEAR(static_cast<double>(least), 3e6, 1e3);
}

TEST(Service, ArrivalsHaveTheRateThatIsAskedFor) {
  EXPECT_NEAR(mean_ms([](std::uint64_t number) { return gap_before(number, 3, 1000); }), 1, 0.01);
}

TEST(Service, SeedsGiveOtherArrivalsAndOtherWork) {
  EXPECT_NE(gap_before(7, 1, 1000), gap_before(7, 2, 1000));
  EXPECT_NE(exponential(work_of(7, 1), 1e6), exponential(work_of(7, 2), 1e6));
}

}  // namespace
}  // namespace bench::quality
