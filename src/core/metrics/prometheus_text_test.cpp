#include "core/metrics/prometheus_text.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

namespace fairlead::metrics {
namespace {

Family family_of(std::string name, MetricType type, std::vector<std::string> labels = {}) {
  Family family;
  family.name = std::move(name);
  family.help = "For a test.";
  family.type = type;
  family.labels = std::move(labels);
  return family;
}

std::string text_of(const FamilySamples& samples) {
  std::string out;
  append_prometheus_text(out, {&samples, 1});
  return out;
}

std::string text_of(const Family& family, std::vector<FamilySamples::Sample> samples) {
  return text_of(FamilySamples{&family, std::move(samples)});
}

TEST(PrometheusText, ShowsHelpAndTypeOfAFamilyWithoutSamples) {
  EXPECT_EQ(text_of(family_of("requests_total", MetricType::counter), {}),
            "# HELP requests_total For a test.\n# TYPE requests_total counter\n");
}

TEST(PrometheusText, WritesOneLineASample) {
  const Family family = family_of("requests_total", MetricType::counter, {"method", "status"});
  EXPECT_EQ(text_of(family, {{{"POST", "200"}, 3, {}}, {{"GET", "404"}, 1, {}}}),
            "# HELP requests_total For a test.\n# TYPE requests_total counter\n"
            "requests_total{method=\"POST\",status=\"200\"} 3\n"
            "requests_total{method=\"GET\",status=\"404\"} 1\n");
}

TEST(PrometheusText, LeavesOutBracesWithoutLabels) {
  EXPECT_EQ(text_of(family_of("up", MetricType::gauge), {{{}, 1, {}}}),
            "# HELP up For a test.\n# TYPE up gauge\nup 1\n");
}

TEST(PrometheusText, EscapesLabelValues) {
  const Family family = family_of("up", MetricType::gauge, {"l"});
  EXPECT_NE(text_of(family, {{{"a\\b\"c\nd"}, 1, {}}}).find(R"(up{l="a\\b\"c\nd"} 1)"), std::string::npos);
}

TEST(PrometheusText, EscapesHelpButNotItsQuotes) {
  Family family = family_of("up", MetricType::gauge);
  family.help = "a\\b\"c\nd";
  EXPECT_NE(text_of(family, {}).find("# HELP up a\\\\b\"c\\nd\n"), std::string::npos);
}

TEST(PrometheusText, WritesCumulativeBucketsSumAndCount) {
  Family family = family_of("duration_seconds", MetricType::histogram, {"route"});
  family.bounds = {0.0005, 0.001, 2.5};
  EXPECT_EQ(text_of(family, {{{"/proxy"}, 0, {{1, 0, 2, 4}, 12.25}}}),
            "# HELP duration_seconds For a test.\n# TYPE duration_seconds histogram\n"
            "duration_seconds_bucket{route=\"/proxy\",le=\"0.0005\"} 1\n"
            "duration_seconds_bucket{route=\"/proxy\",le=\"0.001\"} 1\n"
            "duration_seconds_bucket{route=\"/proxy\",le=\"2.5\"} 3\n"
            "duration_seconds_bucket{route=\"/proxy\",le=\"+Inf\"} 7\n"
            "duration_seconds_sum{route=\"/proxy\"} 12.25\n"
            "duration_seconds_count{route=\"/proxy\"} 7\n");
}

TEST(PrometheusText, LabelsBucketsOfAHistogramWithoutLabels) {
  Family family = family_of("d", MetricType::histogram);
  family.bounds = {60};
  EXPECT_NE(text_of(family, {{{}, 0, {{0, 0}, 0}}}).find("d_bucket{le=\"60\"} 0\nd_bucket{le=\"+Inf\"} 0\nd_sum 0\n"),
            std::string::npos);
}

TEST(PrometheusText, WritesLatencyBoundsInTheirShortestForm) {
  Family family = family_of("d", MetricType::histogram);
  family.bounds.assign(latency_bounds().begin(), latency_bounds().end());
  const std::string text = text_of(family, {{{}, 0, {}}});
  for (const char* le : {"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1",
                         "2.5", "5", "10", "30", "60", "+Inf"}) {
    EXPECT_NE(text.find("{le=\"" + std::string(le) + "\"}"), std::string::npos) << le;
  }
}

TEST(PrometheusText, WritesNumbersSoThatTheyReadBack) {
  const Family family = family_of("up", MetricType::gauge);
  for (const double value : {0.0, -1.0, 0.1, 1e15, 123456789.125, 1e-300, 1.7e308, 1e-7}) {
    const std::string text = text_of(family, {{{}, value, {}}});
    EXPECT_EQ(std::strtod(text.substr(text.rfind(' ')).c_str(), nullptr), value) << text;
  }
}

TEST(PrometheusText, WritesWhatIsNoFiniteNumber) {
  const Family family = family_of("up", MetricType::gauge);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_NE(text_of(family, {{{}, infinity, {}}}).find("up +Inf\n"), std::string::npos);
  EXPECT_NE(text_of(family, {{{}, -infinity, {}}}).find("up -Inf\n"), std::string::npos);
  EXPECT_NE(text_of(family, {{{}, std::numeric_limits<double>::quiet_NaN(), {}}}).find("up NaN\n"), std::string::npos);
}

/// What promtool says about `text`, and its exit code in `status`.
std::string promtool_says(const std::string& text, int& status) {
  std::string path = testing::TempDir() + "fairlead_exposition_XXXXXX";
  const int file = mkstemp(path.data());
  std::FILE* written = fdopen(file, "w");
  std::fwrite(text.data(), 1, text.size(), written);
  std::fclose(written);
  std::FILE* output = popen(("promtool check metrics < " + path + " 2>&1").c_str(), "r");
  std::string said;
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, output) != nullptr) {
    said += buffer;
  }
  status = pclose(output);
  std::remove(path.c_str());
  return said;
}

TEST(PrometheusText, GivesPromtoolNothingToSay) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool isn't installed";
  }
  Registry registry;
  const FamilyId requests = registry.add(family_of("http_requests_total", MetricType::counter, {"method", "route"}));
  const FamilyId in_flight = registry.add(family_of("http_requests_in_flight", MetricType::gauge));
  Family durations = family_of("request_duration_seconds", MetricType::histogram, {"route"});
  durations.bounds.assign(latency_bounds().begin(), latency_bounds().end());
  const FamilyId duration = registry.add(std::move(durations));
  registry.add(family_of("never_seen_total", MetricType::counter, {"l"}));
  Shard& shard = registry.add_shard();
  shard.counter(requests, {"POST", "/proxy"}).add(7);
  shard.counter(requests, {"GET", "a\\\"\n"}).add();
  shard.gauge(in_flight).set(-1);
  shard.histogram(duration, {"/proxy"}).observe(0.003);
  std::string text;
  append_prometheus_text(text, registry.collect());
  int status = -1;
  EXPECT_EQ(promtool_says(text, status), "");
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace fairlead::metrics
