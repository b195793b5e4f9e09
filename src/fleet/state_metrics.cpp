#include "fleet/state_metrics.hpp"

#include <algorithm>
#include <array>

namespace fairlead::fleet {
namespace {

using metrics::FamilySamples;
using metrics::MetricType;

metrics::Family family(std::string name, std::string help, MetricType type, std::vector<std::string> labels = {}) {
  metrics::Family made;
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  made.labels = std::move(labels);
  return made;
}

void add_gauge(metrics::Registry& registry, std::string name, std::string help, std::function<double()> read) {
  registry.add_collected(family(std::move(name), std::move(help), MetricType::gauge),
                         [read = std::move(read)](FamilySamples& out) {
                           FamilySamples::Sample sample;
                           sample.value = read();
                           out.samples.push_back(std::move(sample));
                         });
}

}  // namespace

StateFamilies add_state_families(metrics::Registry& registry, const StateStatus& status) {
  StateFamilies families{};
  families.commands = registry.add(family("fairlead_redis_commands_total", "Calls to Redis by script and outcome.",
                                          MetricType::counter, {"op", "result"}));
  metrics::Family durations = family("fairlead_redis_command_duration_seconds", "From sending a call to its answer.",
                                     MetricType::histogram, {"op"});
  durations.bounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0};
  families.durations = registry.add(std::move(durations));
  families.reconnects = registry.add(
      family("fairlead_redis_reconnects_total", "Connections to Redis after a lost one.", MetricType::counter));
  families.members_reaped = registry.add(family(
      "fairlead_members_reaped_total", "Dead members that this instance took out of the fleet.", MetricType::counter));
  families.requests_reaped =
      registry.add(family("fairlead_ghost_load_reaped_total",
                          "Requests in flight that were taken back from dead members.", MetricType::counter));
  add_gauge(registry, "fairlead_redis_up", "1: every connection to Redis works that requests are counted or placed by.",
            [&status] { return status.live.load() > 0 && !status.is_degraded() ? 1.0 : 0.0; });
  registry.add_collected(family("fairlead_degraded",
                                "1: this step of the outage ladder: stale, the others' counts are old; local, Redis "
                                "doesn't answer.",
                                MetricType::gauge, {"step"}),
                         [&status](FamilySamples& out) {
                           for (const StateStatus::Step step : {StateStatus::Step::stale, StateStatus::Step::local}) {
                             FamilySamples::Sample sample;
                             sample.label_values = {std::string(name_of(step))};
                             sample.value = status.step() == step ? 1 : 0;
                             out.samples.push_back(std::move(sample));
                           }
                         });
  add_gauge(registry, "fairlead_fleet_members", "Living members of the fleet: instances (leased) or workers (exact).",
            [&status] { return static_cast<double>(status.members.load()); });
  add_gauge(registry, "fairlead_shared_state_age_seconds", "Since Redis last answered.",
            [&status] { return status.age_s(); });
  return families;
}

void StateMetrics::count_answer(std::string_view operation, bool is_error, std::chrono::nanoseconds took) {
  shard_.counter(families_.commands, {operation, is_error ? "error" : "ok"}).add();
  shard_.histogram(families_.durations, {operation}).observe(std::chrono::duration<double>(took).count());
}

void StateMetrics::count_lost(std::string_view operation) {
  shard_.counter(families_.commands, {operation, "lost"}).add();
}

void StateMetrics::count_reconnect() {
  shard_.counter(families_.reconnects).add();
}

void StateMetrics::count_reaped(std::int64_t members, std::int64_t requests) {
  shard_.counter(families_.members_reaped).add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, members)));
  shard_.counter(families_.requests_reaped).add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, requests)));
}

}  // namespace fairlead::fleet
