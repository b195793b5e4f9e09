#include "simulation.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "quantile.hpp"

namespace bench::quality {
namespace {

double mean_ms(const Outcome& outcome) {
  const double sum = std::accumulate(outcome.times_ns.begin(), outcome.times_ns.end(), 0.0);
  return sum / static_cast<double>(outcome.times_ns.size()) / 1e6;
}

/// One instance before one backend: a queue that books know.
Plan one_queue(std::size_t workers, double load) {
  Plan plan;
  plan.instances = 1;
  plan.speeds = {1.0};
  plan.workers = workers;
  plan.load = load;
  plan.seconds = 2000;
  return plan;
}

/// On the way there and back.
constexpr double way_ms = 0.2;

Outcome outcome_of(const Plan& plan, const char* rule) {
  return Simulation(plan, *rule_of(rule)).run();
}

TEST(Simulation, OneWorkerWaitsAsLongAsTheFormulaSays) {
  constexpr double load = 0.7;
  const Outcome outcome = outcome_of(one_queue(1, load), "local");
  const double wait_ms = mean_ms(outcome) - 10 - way_ms;
  EXPECT_NEAR(wait_ms, 10 * load / (1 - load), 0.03 * 10 * load / (1 - load));
}

TEST(Simulation, FourWorkersWaitAsLongAsErlangsFormulaSays) {
  constexpr double load = 0.8;
  constexpr double erlangs = 4 * load;
  double sum = 0;
  double term = 1;
  for (int k = 0; k < 4; ++k) {
    sum += term;
    term *= erlangs / (k + 1);
  }
  const double waits = term / (1 - load) / (sum + term / (1 - load));  // the share of requests
  const double formula_ms = waits * 10 / (4 * (1 - load));
  const Outcome outcome = outcome_of(one_queue(4, load), "local");
  EXPECT_NEAR(mean_ms(outcome) - 10 - way_ms, formula_ms, 0.04 * formula_ms);
}

TEST(Simulation, ExactChoicesCostARoundTrip) {
  constexpr double round_trip_ms = 0.3;
  const Plan plan = one_queue(1, 0.5);
  EXPECT_NEAR(mean_ms(outcome_of(plan, "exact")) - mean_ms(outcome_of(plan, "local")), round_trip_ms, 0.001);
}

Plan small_fleet() {
  Plan plan;
  plan.instances = 4;
  plan.speeds = std::vector<double>(6, 1.0);
  plan.seconds = 20;
  return plan;
}

TEST(Simulation, TheSamePlanGivesTheSameRun) {
  for (const char* rule : {"local", "exact", "leased", "leased:power_of_two@5ms"}) {
    EXPECT_EQ(outcome_of(small_fleet(), rule).times_ns, outcome_of(small_fleet(), rule).times_ns) << rule;
  }
}

TEST(Simulation, EveryRuleGetsTheSameArrivals) {
  const Outcome local = outcome_of(small_fleet(), "local");
  for (const char* rule : {"exact", "leased", "local:random", "leased:round_robin"}) {
    const Outcome outcome = outcome_of(small_fleet(), rule);
    EXPECT_EQ(outcome.begun, local.begun) << rule;
    EXPECT_EQ(outcome.times_ns.size(), local.times_ns.size()) << rule;
  }
}

TEST(Simulation, OneInstanceThatSharesWithNobodyChoosesAsOneThatIsLocal) {
  Plan plan = small_fleet();
  plan.instances = 1;
  EXPECT_EQ(outcome_of(plan, "leased").times_ns, outcome_of(plan, "local").times_ns);
}

TEST(Simulation, SharingShortensTheLongWaits) {
  Plan plan = small_fleet();
  plan.instances = 16;
  Outcome local = outcome_of(plan, "local");
  Outcome leased = outcome_of(plan, "leased@5ms");
  Outcome exact = outcome_of(plan, "exact");
  EXPECT_LT(quantile_of(leased.times_ns, 0.99), quantile_of(local.times_ns, 0.99));
  EXPECT_LT(quantile_of(exact.times_ns, 0.99), quantile_of(leased.times_ns, 0.99));
}

TEST(Simulation, AFixedIntervalIsTheTimeBetweenCalls) {
  const Outcome outcome = outcome_of(small_fleet(), "leased@5ms");
  EXPECT_NEAR(static_cast<double>(outcome.syncs), 4 * 25 / 0.005, 400);
  EXPECT_EQ(outcome_of(small_fleet(), "exact").syncs, 0u);
}

TEST(Simulation, WhatRedisCountsIsNoughtOnceAllHaveEnded) {
  Simulation exact(small_fleet(), *rule_of("exact"));
  exact.run();
  const auto& counts = exact.redis().counts();
  EXPECT_LE(std::accumulate(counts.begin(), counts.end(), 0u), 1u);  // the last return is on its way
}

}  // namespace
}  // namespace bench::quality
