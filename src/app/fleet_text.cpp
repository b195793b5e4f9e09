#include "app/fleet_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>

namespace fairlead::app {
namespace {

using Element = simdjson::dom::element;

std::string text_at(Element element, std::string_view pointer) {
  std::string_view text;
  const simdjson::error_code missing = element.at_pointer(pointer).get(text);
  return missing == simdjson::SUCCESS ? printable(text) : std::string();
}

/// -1: there is none.
std::int64_t number_at(Element element, std::string_view pointer) {
  std::int64_t number = -1;
  const simdjson::error_code missing = element.at_pointer(pointer).get(number);
  return missing == simdjson::SUCCESS ? number : -1;
}

std::string count_at(Element element, std::string_view pointer) {
  const std::int64_t number = number_at(element, pointer);
  return number < 0 ? "?" : std::to_string(number);
}

/// What a step of the outage ladder means for who reads it; empty: all is well. On `local` Redis may be silent or
/// refuse what it is asked: the age counts from its last answer that was of use, and 0 is never.
std::string step_text(Element root) {
  const std::string step = text_at(root, "/state/step");
  const std::int64_t age_ms = number_at(root, "/state/age_ms");
  const std::string age = fmt::format("{:.1f} s", double(age_ms) / 1000);
  if (step == "stale") {
    return "  stale: Redis hasn't answered for " + age +
           "; what is known of the other instances counts less and less\n";
  }
  return step == "local" ? "  local: Redis hasn't been of use " + (age_ms > 0 ? "for " + age : "yet") +
                               ", the log says why; this instance goes by its own counts and the last lists\n"
                         : "";
}

/// What the states of a pool's backends come to; empty: some take requests as usual.
std::string pool_text(simdjson::dom::array backends) {
  std::size_t draining = 0;
  std::size_t resting = 0;
  for (const Element backend : backends) {
    const std::string state = text_at(backend, "/state");
    draining += state == "draining" ? 1 : 0;
    resting += state == "resting" ? 1 : 0;
  }
  if (backends.size() == 0) {
    return "  (no backends)\n";
  }
  if (draining == backends.size()) {
    return "  (all drain: requests are answered 503)\n";
  }
  return draining + resting == backends.size() ? "  (all rest after failed connects: each is tried all the same)\n"
                                               : "";
}

bool parse(simdjson::dom::parser& parser, std::string_view json, Element& root) {
  return parser.parse(simdjson::padded_string(json)).get(root) == simdjson::SUCCESS;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown(text);
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

std::string fleet_text(std::string_view json) {
  simdjson::dom::parser parser;
  Element root;
  simdjson::dom::array members;
  if (!parse(parser, json, root) || root["members"].get(members) != simdjson::SUCCESS) {
    return {};
  }
  std::string out =
      fmt::format("instance {}, fairlead {}, {} on {}: {}", text_at(root, "/instance"), text_at(root, "/version"),
                  text_at(root, "/coordination"), text_at(root, "/state/url"), text_at(root, "/state/step"));
  const std::int64_t drift = number_at(root, "/drift");
  out += drift > 0 ? fmt::format(", counts drift by {}\n", drift) : "\n";
  out += step_text(root);
  out += fmt::format("\n  {:<30} {:>9} {:>9}\n", "MEMBER", "LEASE", "IN FLIGHT");
  for (const Element member : members) {
    bool is_own = false;
    const simdjson::error_code missing = member["own"].get(is_own);
    const std::string id = text_at(member, "/id") + (missing == simdjson::SUCCESS && is_own ? " *" : "");
    const std::int64_t lease = number_at(member, "/lease_ms");
    out += fmt::format("  {:<30} {:>9} {:>9}\n", id, lease > 0 ? fmt::format("{:.1f} s", double(lease) / 1000) : "-",
                       count_at(member, "/in_flight"));
  }
  return out;
}

std::string backends_text(std::string_view json) {
  simdjson::dom::parser parser;
  Element root;
  simdjson::dom::array backends;
  if (!parse(parser, json, root) || root["backends"].get(backends) != simdjson::SUCCESS) {
    return {};
  }
  std::size_t width = 20;
  for (const Element backend : backends) {
    width = std::max(width, text_at(backend, "/url").size());
  }
  std::string out = fmt::format("\n  {:<{}} {:>6} {:<9} {:>6} {:>6}\n", "POOL " + std::string(text_at(root, "/pool")),
                                width, "WEIGHT", "STATE", "HERE", "FLEET");
  if (const std::string refusal = text_at(root, "/unregistered"); !refusal.empty()) {
    out += "  (Redis refuses to register the configured ones: " + refusal + ")\n";
  }
  for (const Element backend : backends) {
    out += fmt::format("  {:<{}} {:>6} {:<9} {:>6} {:>6}\n", text_at(backend, "/url"), width,
                       count_at(backend, "/weight"), text_at(backend, "/state"), count_at(backend, "/in_flight/local"),
                       count_at(backend, "/in_flight/fleet"));
  }
  return out + pool_text(backends);
}

std::vector<std::string> pool_names(std::string_view json) {
  simdjson::dom::parser parser;
  Element root;
  simdjson::dom::array pools;
  std::vector<std::string> names;
  if (parse(parser, json, root) && root["pools"].get(pools) == simdjson::SUCCESS) {
    for (const Element pool : pools) {
      names.emplace_back(text_at(pool, "/name"));
    }
  }
  return names;
}

std::string problem_text(std::string_view json) {
  simdjson::dom::parser parser;
  Element root;
  return parse(parser, json, root) ? text_at(root, "/detail") : std::string();
}

double requests_in(std::string_view metrics) {
  constexpr std::string_view name = "http_requests_total{";
  double sum = 0;
  while (!metrics.empty()) {
    const std::string_view line = metrics.substr(0, metrics.find('\n'));
    if (line.starts_with(name) && line.rfind(' ') != std::string_view::npos) {
      sum += std::strtod(std::string(line.substr(line.rfind(' ') + 1)).c_str(), nullptr);
    }
    metrics.remove_prefix(std::min(metrics.size(), line.size() + 1));
  }
  return sum;
}

}  // namespace fairlead::app
