#include "control/fleet_samples.hpp"

#include <string>
#include <utility>

namespace fairlead::control {
namespace {

const metrics::Family& drift_family() {
  static const metrics::Family family{
      .name = "fairlead_shared_count_drift",
      .help = "Requests by which the published counts of a pool's backends differ from the sum of the ledgers.",
      .type = metrics::MetricType::gauge,
      .labels = {"pool"},
      .bounds = {}};
  return family;
}

metrics::FamilySamples::Sample sample(std::vector<std::string> label_values, std::int64_t value) {
  return {.label_values = std::move(label_values), .value = static_cast<double>(value), .histogram = {}};
}

void add_in_flight(metrics::FamilySamples& family, const FleetView& view) {
  for (const auto& [backend, requests] : view.in_flight) {
    family.samples.push_back(sample({backend.first, backend.second, "fleet"}, requests));
  }
}

}  // namespace

void add_fleet_samples(std::vector<metrics::FamilySamples>& families, const FleetView& view) {
  for (metrics::FamilySamples& family : families) {
    if (family.family->name == "fairlead_upstream_in_flight") {
      add_in_flight(family, view);
    }
  }
  if (!view.drift) {
    return;
  }
  metrics::FamilySamples& drift = families.emplace_back();
  drift.family = &drift_family();
  for (const auto& [pool, requests] : *view.drift) {
    drift.samples.push_back(sample({pool}, requests));
  }
}

}  // namespace fairlead::control
