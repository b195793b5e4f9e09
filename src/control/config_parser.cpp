#include "control/config_parser.hpp"

#include "control/config_reader.hpp"
#include "control/config_settings.hpp"
#include "control/config_validator.hpp"
#include "control/yaml_tree.hpp"

namespace fairlead::control {
namespace {

/// The seed's own route; what a file without routes serves.
RouteConfig proxy_route() {
  RouteConfig route;
  route.path = "/proxy";
  route.methods = {"POST"};
  route.rewrite_path = "/process";
  route.strategy_parameter = "strategy";
  route.annotated = true;
  return route;
}

const YamlNode* value_of(const YamlNode& node, std::string_view key) {
  for (const YamlEntry& entry : node.entries) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

bool has_key(const YamlNode& node, std::string_view key) {
  return value_of(node, key) != nullptr;
}

/// A route has one of `path` and `prefix`; a mapping's other keys don't know of each other.
void check_route_places(const YamlNode& document, ProblemList& problems) {
  const YamlNode* routes = value_of(document, "routes");
  if (routes == nullptr) {
    return;
  }
  for (const YamlNode& route : routes->items) {
    const bool has_path = has_key(route, "path");
    const bool has_prefix = has_key(route, "prefix");
    if (has_path && has_prefix) {
      problems.add(route.at, "a route has both `path` and `prefix`; keep one of them");
    } else if (route.kind == YamlKind::mapping && !has_path && !has_prefix) {
      problems.add(route.at, "a route has neither `path` nor `prefix`; add one of them");
    }
  }
}

}  // namespace

Config default_config(const std::optional<std::string>& state_url) {
  Config config;
  config.routes.push_back(proxy_route());
  if (state_url) {
    config.state.url = *state_url;
  }
  return config;
}

ParsedConfig parse_config(std::string_view text, const std::string& file_name) {
  ProblemList problems(file_name);
  ParsedConfig parsed{default_config(), {}, {}};
  const YamlNode document = read_yaml(text, problems);
  if (document.kind != YamlKind::null) {
    Positions positions;
    ConfigReader reader(problems, positions);
    reader.read_mapping(document, settings_of(parsed.config), "");
    check_route_places(document, problems);
    parsed.sources.add(file_name, positions);
    validate(parsed.config, positions, parsed.sources, document.at, problems);
  }
  parsed.problems = problems.sorted();
  return parsed;
}

}  // namespace fairlead::control
