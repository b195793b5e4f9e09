#include "control/process_metrics.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <string>

namespace fairlead::control {
namespace {

std::map<std::string, double> values_of(const metrics::Registry& registry) {
  std::map<std::string, double> values;
  for (const metrics::FamilySamples& family : registry.collect()) {
    for (const auto& sample : family.samples) {
      values[family.family->name] = sample.value;
    }
  }
  return values;
}

TEST(ProcessMetrics, ShowWhatPrometheusExpects) {
  metrics::Registry registry;
  add_process_metrics(registry);
  const std::map<std::string, double> values = values_of(registry);
  EXPECT_GE(values.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(values.at("process_resident_memory_bytes"), 100'000);
  EXPECT_GE(values.at("process_virtual_memory_bytes"), values.at("process_resident_memory_bytes"));
  EXPECT_GT(values.at("process_max_fds"), 3);
}

TEST(ProcessMetrics, CountDescriptors) {
  metrics::Registry registry;
  add_process_metrics(registry);
  const double before = values_of(registry).at("process_open_fds");
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(values_of(registry).at("process_open_fds"), before + 1);
  ::close(descriptor);
  EXPECT_EQ(values_of(registry).at("process_open_fds"), before);
}

TEST(ProcessMetrics, StartedInThePast) {
  metrics::Registry registry;
  add_process_metrics(registry);
  const double now = static_cast<double>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  const double start = values_of(registry).at("process_start_time_seconds");
  EXPECT_LE(start, now + 2);
  EXPECT_GT(start, now - 30 * 24 * 3600.0);
}

TEST(ProcessMetrics, BuildInfoTellsTheVersionAndTheEngine) {
  metrics::Registry registry;
  add_build_info(registry, "1.2.3", "epoll");
  const auto families = registry.collect();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].family->name, "fairlead_build_info");
  EXPECT_EQ(families[0].samples.at(0).label_values.at(0), "1.2.3");
  EXPECT_EQ(families[0].samples[0].label_values.at(2), "epoll");
  EXPECT_EQ(families[0].samples[0].value, 1);
}

}  // namespace
}  // namespace fairlead::control
