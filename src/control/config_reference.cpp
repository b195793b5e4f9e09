#include "control/config_reference.hpp"

#include <span>
#include <string_view>
#include <vector>

#include "control/config_problem.hpp"
#include "control/config_settings.hpp"

namespace fairlead::control {
namespace {

std::string code(std::string_view text) {
  return "`" + std::string(text) + "`";
}

std::string items_range(std::size_t least, std::size_t most) {
  return std::to_string(least) + " to " + std::to_string(most) + " items";
}

/// What a line such as "duration; default `1s`; `10ms` to `1m`" is made of.
struct Shape {
  std::string type;
  std::string range;
};

Shape shape_of(const GroupValue&) {
  return {"group of keys", {}};
}

Shape shape_of(const TextValue& value) {
  return {std::string(value.rule->type), "such as " + code(as_in_file(value.rule->example))};
}

Shape shape_of(const NumberValue& value) {
  const std::string range = code(number_text(value, value.least)) + " to " + code(number_text(value, value.most));
  switch (value.unit) {
    case NumberUnit::count:
      return {(value.zero_word.empty() ? "" : code(value.zero_word) + " or ") + "whole number", range};
    case NumberUnit::bytes: return {"size", range};
    case NumberUnit::duration: return {"duration", range};
    case NumberUnit::factor: return {(value.zero_word.empty() ? "" : code(value.zero_word) + " or ") + "factor", range};
  }
  return {};
}

Shape shape_of(const ChoiceValue& value) {
  std::string names;
  for (const std::string_view name : value.names) {
    names += (names.empty() ? "" : ", ") + code(name);
  }
  return {"one of " + names, {}};
}

Shape shape_of(const TextListValue& value) {
  return {"list of " + std::string(value.rule->type),
          items_range(value.least, value.most) + " such as " + code(as_in_file(value.rule->example))};
}

Shape shape_of(const GroupListValue& value) {
  return {"list of groups of keys", items_range(value.least, value.most)};
}

std::string default_of(const Setting& setting) {
  if (setting.required) {
    return "; required";
  }
  if (setting.default_text.empty()) {
    const bool is_group =
        std::holds_alternative<GroupValue>(setting.value) || std::holds_alternative<GroupListValue>(setting.value);
    return is_group ? "" : "; no default";
  }
  return "; default " + code(setting.default_text);
}

void append_settings(std::string& text, std::span<const Setting> settings, const std::string& parent) {
  for (const Setting& setting : settings) {
    const std::string path = parent + std::string(setting.path);
    const Shape shape = std::visit([](const auto& value) { return shape_of(value); }, setting.value);
    text += "### `" + path + "`\n\n";
    text += "*" + shape.type + default_of(setting) + (shape.range.empty() ? "" : "; " + shape.range) + "*\n\n";
    text += std::string(setting.what) + "\n";
    text += setting.why.empty() ? "" : "Why: " + std::string(setting.why) + "\n";
    text += "\n";
    if (const auto* groups = std::get_if<GroupListValue>(&setting.value)) {
      append_settings(text, groups->append(), path + "[].");
    }
  }
}

}  // namespace

std::string reference_text() {
  Config config;
  std::string text;
  append_settings(text, settings_of(config), "");
  return text;
}

}  // namespace fairlead::control
