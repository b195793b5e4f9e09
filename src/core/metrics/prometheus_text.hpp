// Metric families -> Prometheus text exposition format 0.0.4. Pure.
#pragma once

#include <span>
#include <string>

#include "core/metrics/registry.hpp"

namespace fairlead::metrics {

/// Content-Type to send with it.
inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

void append_prometheus_text(std::string& out, std::span<const FamilySamples> families);

}  // namespace fairlead::metrics
