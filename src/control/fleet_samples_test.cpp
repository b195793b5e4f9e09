#include "control/fleet_samples.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/metrics/prometheus_text.hpp"

namespace fairlead::control {
namespace {

class FleetSamplesTest : public ::testing::Test {
 protected:
  FleetSamplesTest() {
    const metrics::FamilyId family = registry_.add({.name = "fairlead_upstream_in_flight",
                                                    .help = "Requests in flight.",
                                                    .type = metrics::MetricType::gauge,
                                                    .labels = {"pool", "server", "scope"},
                                                    .bounds = {}});
    registry_.add_shard().gauge(family, {"default", "http://a", "local"}).set(2);
  }
  std::string text() {
    std::vector<metrics::FamilySamples> families = registry_.collect();
    add_fleet_samples(families, view_);
    std::string out;
    metrics::append_prometheus_text(out, families);
    return out;
  }
  bool shows(const std::string& line) { return text().find("\n" + line + "\n") != std::string::npos; }

  metrics::Registry registry_;
  FleetView view_;
};

TEST_F(FleetSamplesTest, TheFleetsRequestsStandBesideThisInstances) {
  view_.in_flight = {{{"default", "http://a"}, 5}, {{"blue", "http://b"}, 0}};
  EXPECT_TRUE(shows(R"(fairlead_upstream_in_flight{pool="default",server="http://a",scope="local"} 2)"));
  EXPECT_TRUE(shows(R"(fairlead_upstream_in_flight{pool="default",server="http://a",scope="fleet"} 5)"));
  EXPECT_TRUE(shows(R"(fairlead_upstream_in_flight{pool="blue",server="http://b",scope="fleet"} 0)"));
}

TEST_F(FleetSamplesTest, DriftIsShownForEachPool) {
  view_.drift = {{"default", 0}, {"blue", 3}};
  EXPECT_TRUE(shows(R"(fairlead_shared_count_drift{pool="default"} 0)"));
  EXPECT_TRUE(shows(R"(fairlead_shared_count_drift{pool="blue"} 3)"));
}

TEST_F(FleetSamplesTest, WhatIsNotKnownIsLeftOut) {
  EXPECT_EQ(text().find("fleet"), std::string::npos) << text();
  EXPECT_EQ(text().find("drift"), std::string::npos) << text();
}

}  // namespace
}  // namespace fairlead::control
