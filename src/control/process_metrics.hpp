// What Prometheus expects of every process (process_*), and which build this is. Read from /proc when asked for.
#pragma once

#include "core/metrics/registry.hpp"

namespace fairlead::control {

void add_process_metrics(metrics::Registry& registry);
/// `version` such as "0.1.0"; `engine` is what the workers run on.
void add_build_info(metrics::Registry& registry, std::string_view version, std::string_view engine);

}  // namespace fairlead::control
