#include "app/descriptor_limit.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/redis_loop.hpp"

namespace fairlead::app {
namespace {

TEST(DescriptorLimit, AllThatIsWantedFitsWhereTheLimitIsHighEnough) {
  EXPECT_EQ(connections_within(16'256, 8000), 8000U);
  EXPECT_EQ(connections_within(1'000'000, 8000), 8000U);
}

TEST(DescriptorLimit, BelowItEachConnectionHasOneForItsBackendAndAReserveIsLeft) {
  EXPECT_EQ(connections_within(16'255, 8000), 7999U);
  EXPECT_EQ(connections_within(1024, 8000), 384U);
}

TEST(DescriptorLimit, ATinyLimitIsSharedEquallyAndOneConnectionIsAlwaysServed) {
  EXPECT_EQ(connections_within(40, 8000), 10U);
  EXPECT_EQ(connections_within(2, 8000), 1U);
  EXPECT_EQ(connections_within(0, 8000), 1U);
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
  EXPECT_EQ(ensure_descriptors(wanted, log), connections_within(before.rlim_max, wanted));
  EXPECT_EQ(lines.count("limits.connections=" + std::to_string(wanted) + " served="), 1U);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace fairlead::app
