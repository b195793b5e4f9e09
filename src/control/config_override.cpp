#include "control/config_override.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/nearest_name.hpp"
#include "base/units.hpp"
#include "control/config_reader.hpp"
#include "control/config_settings.hpp"
#include "control/config_validator.hpp"
#include "control/yaml_tree.hpp"

namespace fairlead::control {
namespace {

constexpr const char* source = "--set";

/// A setting with the list that it is one of and its place in the whole configuration.
struct Target {
  std::vector<Setting> settings;
  const Setting* setting = nullptr;
  std::string place;
};

Target target_in(std::vector<Setting> settings, std::string_view path, const std::string& parent) {
  Target target{std::move(settings), nullptr, parent + std::string(path)};
  target.setting = find_setting(target.settings, path);
  return target;
}

/// `NAME.KEY` after "pools."; a name may have dots.
std::optional<Target> pool_target(Config& config, std::string_view path) {
  for (std::size_t index = 0; index < config.pools.size(); ++index) {
    const std::string& name = config.pools[index].name;
    if (path.starts_with(name) && path.substr(name.size()).starts_with('.')) {
      return target_in(settings_of(config.pools[index]), path.substr(name.size() + 1),
                       "pools[" + std::to_string(index) + "].");
    }
  }
  return std::nullopt;
}

/// `N.KEY` after "routes.".
std::optional<Target> route_target(Config& config, std::string_view path) {
  const std::size_t dot = std::min(path.find('.'), path.size());
  const auto index = parse_whole(path.substr(0, dot));
  if (!index || *index >= config.routes.size() || dot == path.size()) {
    return std::nullopt;
  }
  return target_in(settings_of(config.routes[*index]), path.substr(dot + 1), "routes[" + std::to_string(*index) + "].");
}

std::optional<Target> find_target(Config& config, std::string_view path) {
  if (path.starts_with("pools.")) {
    return pool_target(config, path.substr(6));
  }
  if (path.starts_with("routes.")) {
    return route_target(config, path.substr(7));
  }
  return target_in(settings_of(config), path, "");
}

void add_paths(std::vector<std::string>& out, const std::string& parent, const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    out.push_back(parent + std::string(setting.path));
  }
}

/// Every path that --set knows in this configuration.
std::vector<std::string> paths_of(Config& config) {
  std::vector<std::string> paths;
  add_paths(paths, "", settings_of(config));
  for (PoolConfig& pool : config.pools) {
    add_paths(paths, "pools." + pool.name + ".", settings_of(pool));
  }
  for (std::size_t index = 0; index < config.routes.size(); ++index) {
    add_paths(paths, "routes." + std::to_string(index) + ".", settings_of(config.routes[index]));
  }
  return paths;
}

std::string what_would_be_right(Config& config, std::string_view path) {
  const std::vector<std::string> paths = paths_of(config);
  const std::vector<std::string_view> known(paths.begin(), paths.end());
  if (const auto near = nearest_name(path, known)) {
    return "; did you mean " + backquoted(*near) + "?";
  }
  if (path.starts_with("pools.")) {
    return "; write pools.NAME.KEY with a pool that is there and one of its keys";
  }
  if (path.starts_with("routes.")) {
    return "; write routes.N.KEY with a route's number, the first is 0, and one of its keys";
  }
  return "; docs/configuration.md has them all";
}

YamlNode scalar_at(Position at, std::string_view text, bool plain) {
  return {.kind = YamlKind::scalar, .at = at, .text = std::string(text), .plain = plain, .items = {}, .entries = {}};
}

/// `a,b` as a list; each item is a text, or a mapping with `main_key` alone.
YamlNode list_at(Position at, std::string_view text, std::string_view main_key) {
  YamlNode list{.kind = YamlKind::sequence, .at = at, .text = {}, .plain = true, .items = {}, .entries = {}};
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    YamlNode item = scalar_at(at, text.substr(0, comma), false);
    if (!main_key.empty()) {
      YamlNode group{.kind = YamlKind::mapping, .at = at, .text = {}, .plain = true, .items = {}, .entries = {}};
      group.entries.push_back({at, std::string(main_key), std::move(item)});
      item = std::move(group);
    }
    list.items.push_back(std::move(item));
    const std::size_t taken = std::min(comma + 1, text.size());
    at.column += static_cast<int>(taken);
    text.remove_prefix(taken);
  }
  return list;
}

/// The value as a file would have it; nothing for what has too many keys for a command line.
std::optional<YamlNode> node_of(const Setting& setting, Position at, std::string_view text) {
  if (const auto* groups = std::get_if<GroupListValue>(&setting.value)) {
    return groups->main_key.empty() ? std::nullopt : std::optional(list_at(at, text, groups->main_key));
  }
  if (std::holds_alternative<GroupValue>(setting.value)) {
    return std::nullopt;
  }
  if (std::holds_alternative<TextListValue>(setting.value)) {
    return list_at(at, text, {});
  }
  // A shell has eaten the quotes: what a setting takes tells what is meant.
  return scalar_at(at, text, !std::holds_alternative<TextValue>(setting.value));
}

class Overrides {
 public:
  explicit Overrides(Config& config) : config_(config) {}

  void apply(std::string_view assignment) {
    ++at_.line;
    const std::size_t equals = assignment.find('=');
    const std::string_view path = assignment.substr(0, equals);
    // Shown up to a colon: a URL with a password may stand where a key should.
    const std::string_view shown = path.substr(0, path.find(':'));
    if (equals == std::string_view::npos) {
      problems_.add(at_, backquoted(shown) + " has no value; write KEY=VALUE such as timeouts.connect=2s");
      return;
    }
    const auto target = find_target(config_, path);
    if (!target || target->setting == nullptr) {
      problems_.add(at_, "the key " + backquoted(shown) + " isn't known" + what_would_be_right(config_, path));
      return;
    }
    const Position value_at{at_.line, static_cast<int>(equals) + 2};
    const auto node = node_of(*target->setting, value_at, assignment.substr(equals + 1));
    if (!node) {
      problems_.add(at_, backquoted(path) + " has keys of its own; set one of them, or write it into a file");
      return;
    }
    positions_.insert_or_assign(target->place, value_at);
    ConfigReader(problems_, positions_).read_value(*node, *target->setting, target->place);
  }

  std::vector<Problem> finish(KeySources& sources) {
    sources.add(source, positions_);
    if (problems_.empty()) {
      validate(config_, positions_, sources, at_, problems_);
    }
    return problems_.sorted();
  }

 private:
  Config& config_;
  ProblemList problems_{source};
  Positions positions_;
  Position at_{.line = 0, .column = 1};
};

}  // namespace

std::vector<Problem> apply_overrides(Config& config, KeySources& sources, std::span<const std::string> assignments) {
  Overrides overrides(config);
  for (const std::string& assignment : assignments) {
    overrides.apply(assignment);
  }
  return overrides.finish(sources);
}

}  // namespace fairlead::control
