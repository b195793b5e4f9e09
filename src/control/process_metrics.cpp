#include "control/process_metrics.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace fairlead::control {
namespace {

using metrics::Family;
using metrics::FamilySamples;
using metrics::MetricType;

double ticks_to_seconds(double ticks) {
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// The field of /proc/self/stat with that number (proc(5)), counted behind the command's name; 0 when unreadable.
double stat_field(int number) {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return 0;
  }
  std::size_t begin = name_end + 2;  // field 3
  for (int field = 3; field < number && begin != std::string::npos; ++field) {
    begin = text.find(' ', begin);
    begin += begin == std::string::npos ? 0 : 1;
  }
  return begin == std::string::npos ? 0 : std::strtod(text.c_str() + begin, nullptr);
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
double virtual_bytes() {
  return stat_field(23);
}
double resident_bytes() {
  return stat_field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) {
    return 0;
  }
  int count = -3;  // ".", "..", and the one that reads
  while (::readdir(directory) != nullptr) {
    ++count;
  }
  ::closedir(directory);
  return count;
}

double max_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double start_time() {
  std::ifstream file("/proc/stat");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("btime ")) {
      return std::strtod(line.c_str() + 6, nullptr) + ticks_to_seconds(stat_field(22));
    }
  }
  return 0;
}

void add(metrics::Registry& registry, MetricType type, std::string name, std::string help, double (*read)()) {
  registry.add_collected(
      Family{.name = std::move(name), .help = std::move(help), .type = type, .labels = {}, .bounds = {}},
      [read](FamilySamples& samples) {
        samples.samples.push_back(FamilySamples::Sample{.label_values = {}, .value = read(), .histogram = {}});
      });
}

}  // namespace

void add_process_metrics(metrics::Registry& registry) {
  add(registry, MetricType::counter, "process_cpu_seconds_total", "User and system CPU time.", cpu_seconds);
  add(registry, MetricType::gauge, "process_virtual_memory_bytes", "Virtual memory.", virtual_bytes);
  add(registry, MetricType::gauge, "process_resident_memory_bytes", "Resident memory.", resident_bytes);
  add(registry, MetricType::gauge, "process_open_fds", "Open file descriptors.", open_descriptors);
  add(registry, MetricType::gauge, "process_max_fds", "Limit of open file descriptors.", max_descriptors);
  add(registry, MetricType::gauge, "process_start_time_seconds", "Start of the process since the epoch.", start_time);
}

void add_build_info(metrics::Registry& registry, std::string_view version, std::string_view engine) {
#if defined(__clang__)
  const std::string compiler = "clang " + std::to_string(__clang_major__);
#else
  const std::string compiler = "gcc " + std::to_string(__GNUC__);
#endif
  registry.add_collected(
      Family{.name = "fairlead_build_info",
             .help = "Which build this is and what its workers run on; always 1.",
             .type = MetricType::gauge,
             .labels = {"version", "compiler", "engine"},
             .bounds = {}},
      [labels = std::vector<std::string>{std::string(version), compiler, std::string(engine)}](FamilySamples& samples) {
        samples.samples.push_back(FamilySamples::Sample{.label_values = labels, .value = 1, .histogram = {}});
      });
}

}  // namespace fairlead::control
