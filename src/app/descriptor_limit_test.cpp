#include "app/descriptor_limit.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/redis_loop.hpp"

namespace fairlead::app {
namespace {

TEST(DescriptorLimit, AllThatIsWantedFitsWhereTheLimitIsHighEnough) {
  EXPECT_EQ(connections_each(16'260, {.connections = 8000}), 8000U);
  EXPECT_EQ(connections_each(1'000'000, {.connections = 8000}), 8000U);
}

TEST(DescriptorLimit, BelowItEachConnectionHasOneForItsBackendAndAReserveIsLeft) {
  EXPECT_EQ(connections_each(16'259, {.connections = 8000}), 7999U);
  EXPECT_EQ(connections_each(1024, {.connections = 8000}), 382U);
}

TEST(DescriptorLimit, ATinyLimitIsSharedEquallyAndOneConnectionIsAlwaysServed) {
  EXPECT_EQ(connections_each(40, {.connections = 8000}), 9U);
  EXPECT_EQ(connections_each(2, {.connections = 8000}), 1U);
  EXPECT_EQ(connections_each(0, {.connections = 8000, .workers = 4}), 1U);
}

TEST(DescriptorLimit, WhatIsServedFitsBesideWhatEveryWorkerNeedsForItself) {
  for (const std::size_t workers : {1U, 3U, 16U, 64U, 128U}) {
    for (const std::size_t addresses : {1U, 2U, 4U}) {
      const std::size_t own = workers * (2 + addresses + 1);  // a loop's two, listeners, Redis
      for (const std::size_t descriptors : {2048U, 4096U, 4099U, 65'536U}) {
        const std::size_t each =
            connections_each(descriptors, {.connections = 1'000'000, .workers = workers, .addresses = addresses});
        EXPECT_LE(own + 2 * each * workers, descriptors) << workers << " workers, " << addresses << " addresses";
      }
    }
  }
}

TEST(DescriptorLimit, AShareIsRoundedUpWhereAllFitAndDownWhereTheyDont) {
  EXPECT_EQ(connections_each(10'000, {.connections = 10, .workers = 4}), 3U);
  EXPECT_EQ(connections_each(1024, {.connections = 8000, .workers = 7}), 52U);  // 740 left for 370 over seven
}

TEST(DescriptorLimit, SaysWhatIsServedWhereItCantBeRaised) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max > (1U << 30)) {
    GTEST_SKIP() << "there is no limit here";
  }
  test::LinesSink lines;
  const Log log(lines, LogLevel::info);
  const std::size_t wanted = before.rlim_max;  // more than any limit allows
  const DescriptorDemand demand{.connections = wanted, .workers = 3};
  const std::size_t each = ensure_descriptors(demand, log);
  EXPECT_EQ(each, connections_each(before.rlim_max, demand));
  EXPECT_EQ(lines.count("limits.connections=" + std::to_string(wanted) + " served=" + std::to_string(3 * each)), 1U);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace fairlead::app
