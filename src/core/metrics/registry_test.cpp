#include "core/metrics/registry.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>

namespace fairlead::metrics {
namespace {

Family family_of(std::string name, MetricType type, std::vector<std::string> labels = {}) {
  Family family;
  family.name = std::move(name);
  family.help = "For a test.";
  family.type = type;
  family.labels = std::move(labels);
  if (type == MetricType::histogram) {
    family.bounds = {1, 2, 5};
  }
  return family;
}

using Buckets = std::vector<std::uint64_t>;

TEST(Histogram, CountsAValueInTheFirstBucketThatHoldsIt) {
  constexpr double bounds[] = {1, 2, 5};
  Histogram histogram(bounds);
  for (const double value : {0.0, 1.0, 1.5, 2.0, 5.0, 5.1, 1e9}) {
    histogram.observe(value);
  }
  EXPECT_EQ(histogram.read().buckets, (Buckets{2, 2, 1, 2}));
}

TEST(Histogram, SumsItsValues) {
  constexpr double bounds[] = {1};
  Histogram histogram(bounds);
  histogram.observe(0.25);
  histogram.observe(3.5);
  EXPECT_DOUBLE_EQ(histogram.read().sum, 3.75);
}

TEST(Histogram, IgnoresWhatIsNotANumber) {
  constexpr double bounds[] = {1};
  Histogram histogram(bounds);
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(histogram.read().buckets, (Buckets{0, 0}));
  EXPECT_DOUBLE_EQ(histogram.read().sum, 0);
}

TEST(LatencyBounds, GoFromHalfAMillisecondToAMinute) {
  const auto bounds = latency_bounds();
  ASSERT_EQ(bounds.size(), 16U);
  EXPECT_DOUBLE_EQ(bounds.front(), 0.0005);
  EXPECT_DOUBLE_EQ(bounds.back(), 60);
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
}

TEST(Registry, ShowsFamiliesWithoutSamplesInTheirOrder) {
  Registry registry;
  registry.add(family_of("b_total", MetricType::counter));
  registry.add(family_of("a_total", MetricType::counter));
  const auto families = registry.collect();
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0].family->name, "b_total");
  EXPECT_EQ(families[1].family->name, "a_total");
  EXPECT_TRUE(families[0].samples.empty());
}

TEST(Registry, SumsCountersAndGaugesOverShards) {
  Registry registry;
  const FamilyId counter = registry.add(family_of("c_total", MetricType::counter, {"l"}));
  const FamilyId gauge = registry.add(family_of("g", MetricType::gauge));
  Shard& first = registry.add_shard();
  Shard& second = registry.add_shard();
  first.counter(counter, {"x"}).add(2);
  second.counter(counter, {"x"}).add(3);
  second.counter(counter, {"y"}).add();
  first.gauge(gauge).add(5);
  second.gauge(gauge).add(-7);

  const auto families = registry.collect();
  ASSERT_EQ(families[0].samples.size(), 2U);
  EXPECT_EQ(families[0].samples[0].label_values, std::vector<std::string>{"x"});
  EXPECT_DOUBLE_EQ(families[0].samples[0].value, 5);
  EXPECT_EQ(families[0].samples[1].label_values, std::vector<std::string>{"y"});
  EXPECT_DOUBLE_EQ(families[0].samples[1].value, 1);
  ASSERT_EQ(families[1].samples.size(), 1U);
  EXPECT_DOUBLE_EQ(families[1].samples[0].value, -2);
}

TEST(Registry, SumsHistogramsOverShards) {
  Registry registry;
  const FamilyId id = registry.add(family_of("h_seconds", MetricType::histogram));
  Shard& first = registry.add_shard();
  Shard& second = registry.add_shard();
  first.histogram(id).observe(0.5);
  second.histogram(id).observe(0.5);
  second.histogram(id).observe(9);
  const auto families = registry.collect();
  ASSERT_EQ(families[0].samples.size(), 1U);
  EXPECT_EQ(families[0].samples[0].histogram.buckets, (Buckets{2, 0, 0, 1}));
  EXPECT_DOUBLE_EQ(families[0].samples[0].histogram.sum, 10);
}

TEST(Registry, SumsWhatShardsFoldedIntoOther) {
  Registry registry;
  Family family = family_of("c_total", MetricType::counter, {"l"});
  family.series_max = 1;
  const FamilyId id = registry.add(std::move(family));
  Shard& first = registry.add_shard();
  Shard& second = registry.add_shard();
  first.counter(id, {"x"}).add();
  first.counter(id, {"y"}).add();
  second.counter(id, {"y"}).add();
  second.counter(id, {"z"}).add();
  const auto samples = registry.collect()[0].samples;
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[0].label_values, std::vector<std::string>{"_other"});
  EXPECT_DOUBLE_EQ(samples[0].value, 2);
}

TEST(Registry, KeepsReferencesToCellsValid) {
  Registry registry;
  const FamilyId id = registry.add(family_of("c_total", MetricType::counter, {"n"}));
  Shard& shard = registry.add_shard();
  Counter& first = shard.counter(id, {"first"});
  for (int number = 0; number < 1'000; ++number) {
    shard.counter(id, {std::to_string(number)});
  }
  first.add(4);
  EXPECT_EQ(shard.counter(id, {"first"}).value(), 4U);
}

TEST(Registry, TakesFamiliesAddedAfterAShardWasMade) {
  Registry registry;
  Shard& shard = registry.add_shard();
  registry.add(family_of("a_total", MetricType::counter));
  const FamilyId late = registry.add(family_of("b_total", MetricType::counter));
  shard.counter(late).add();
  const auto families = registry.collect();
  EXPECT_TRUE(families[0].samples.empty());
  ASSERT_EQ(families[1].samples.size(), 1U);
  EXPECT_DOUBLE_EQ(families[1].samples[0].value, 1);
}

TEST(Registry, ReadsCollectedFamiliesWhenAsked) {
  Registry registry;
  double age = 1.5;
  registry.add_collected(family_of("age_seconds", MetricType::gauge, {"of"}),
                         [&age](FamilySamples& family) { family.samples.push_back({{"state"}, age, {}}); });
  EXPECT_DOUBLE_EQ(registry.collect()[0].samples.at(0).value, 1.5);
  age = 2.5;
  EXPECT_DOUBLE_EQ(registry.collect()[0].samples.at(0).value, 2.5);
}

TEST(RegistryDeathTest, StopsOnMistakesOfOurOwn) {
  Registry registry;
  const FamilyId id = registry.add(family_of("c_total", MetricType::counter, {"l"}));
  Shard& shard = registry.add_shard();
  EXPECT_DEATH(shard.gauge(id, {"x"}), "family's type");
  EXPECT_DEATH(shard.counter(id), "label values");
  EXPECT_DEATH(shard.counter(id + 1), "id is known");
  EXPECT_DEATH(registry.add(family_of("c_total", MetricType::gauge)), "added once");
}

// Its worth is with the thread sanitizer: a scrape reads while the owner adds series and counts.
TEST(Registry, MayBeCollectedWhileAShardGrows) {
  constexpr int series_count = 300;
  Registry registry;
  const FamilyId counter = registry.add(family_of("c_total", MetricType::counter, {"n"}));
  const FamilyId histogram = registry.add(family_of("h_seconds", MetricType::histogram, {"n"}));
  Shard& shard = registry.add_shard();
  std::atomic<bool> done{false};
  std::thread owner([&shard, &done, counter, histogram] {
    for (int number = 0; number < series_count; ++number) {
      const std::string label = std::to_string(number);
      shard.counter(counter, {label}).add();
      shard.histogram(histogram, {label}).observe(number);
    }
    done = true;
  });
  std::size_t seen = 0;
  bool only_grows = true;
  while (!done) {
    const std::size_t now = registry.collect()[0].samples.size();
    only_grows = only_grows && now >= seen;
    seen = now;
  }
  owner.join();
  EXPECT_TRUE(only_grows);
  EXPECT_EQ(registry.collect()[0].samples.size(), static_cast<std::size_t>(series_count));
  EXPECT_EQ(registry.collect()[1].samples.size(), static_cast<std::size_t>(series_count));
}

}  // namespace
}  // namespace fairlead::metrics
