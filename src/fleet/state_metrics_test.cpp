#include "fleet/state_metrics.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/metrics/prometheus_text.hpp"

namespace fairlead::fleet {
namespace {

class StateMetricsTest : public testing::Test {
 protected:
  bool shows(std::string_view line) {
    std::string text;
    metrics::append_prometheus_text(text, registry_.collect());
    return text.find(std::string(line) + "\n") != std::string::npos;
  }

  StateStatus status_;
  metrics::Registry registry_;
  StateFamilies families_ = add_state_families(registry_, status_);
  StateMetrics metrics_{registry_.add_shard(), families_};
};

TEST_F(StateMetricsTest, RedisIsUpOnlyWhenEveryWorkerHasIt) {
  status_.workers = 2;
  status_.live = 1;
  EXPECT_TRUE(shows("fairlead_redis_up 0"));
  EXPECT_TRUE(shows("fairlead_degraded{step=\"local\"} 1"));
  status_.live = 2;
  EXPECT_TRUE(shows("fairlead_redis_up 1"));
  EXPECT_TRUE(shows("fairlead_degraded{step=\"local\"} 0"));
}

TEST_F(StateMetricsTest, EmbeddedStateIsNeitherUpNorDegraded) {
  EXPECT_TRUE(shows("fairlead_redis_up 0"));
  EXPECT_TRUE(shows("fairlead_degraded{step=\"local\"} 0"));
}

TEST_F(StateMetricsTest, CallsAreCountedByScriptAndOutcome) {
  metrics_.count_answer("acquire", false, std::chrono::milliseconds(2));
  metrics_.count_answer("acquire", true, std::chrono::milliseconds(2));
  metrics_.count_lost("beat");
  metrics_.count_reconnect();
  EXPECT_TRUE(shows("fairlead_redis_commands_total{op=\"acquire\",result=\"ok\"} 1"));
  EXPECT_TRUE(shows("fairlead_redis_commands_total{op=\"acquire\",result=\"error\"} 1"));
  EXPECT_TRUE(shows("fairlead_redis_commands_total{op=\"beat\",result=\"lost\"} 1"));
  EXPECT_TRUE(shows("fairlead_redis_command_duration_seconds_count{op=\"acquire\"} 2"));
  EXPECT_TRUE(shows("fairlead_redis_reconnects_total 1"));
}

TEST_F(StateMetricsTest, WhatWasTakenBackFromDeadMembersIsCounted) {
  metrics_.count_reaped(1, 4);
  metrics_.count_reaped(1, 0);
  EXPECT_TRUE(shows("fairlead_members_reaped_total 2"));
  EXPECT_TRUE(shows("fairlead_ghost_load_reaped_total 4"));
}

}  // namespace
}  // namespace fairlead::fleet
