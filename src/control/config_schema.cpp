#include "control/config_schema.hpp"

#include <span>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "control/config_settings.hpp"

namespace fairlead::control {
namespace {

/// JSON text with one member a line.
class JsonWriter {
 public:
  void open(std::string_view key, char bracket) {
    start(key);
    text_ += bracket;
    is_first_ = true;
    ++depth_;
  }
  void close(char bracket) {
    --depth_;
    break_line();
    text_ += bracket;
    is_first_ = false;
  }
  void text(std::string_view key, std::string_view value) {
    start(key);
    append_quoted(value);
  }
  /// A number, a truth, or an array that is written already.
  void raw(std::string_view key, std::string_view value) {
    start(key);
    text_ += value;
  }
  std::string take() { return std::move(text_) + "\n"; }

 private:
  void break_line() { text_ += "\n" + std::string(2 * depth_, ' '); }
  void start(std::string_view key) {
    text_ += is_first_ ? "" : ",";
    is_first_ = false;
    if (depth_ > 0) {
      break_line();
    }
    if (!key.empty()) {
      append_quoted(key);
      text_ += ": ";
    }
  }
  void append_quoted(std::string_view value) {
    text_ += '"';
    for (const char character : value) {
      if (character == '"' || character == '\\') {
        text_ += '\\';
      }
      text_ += character;
    }
    text_ += '"';
  }

  std::string text_;
  std::size_t depth_ = 0;
  bool is_first_ = true;
};

void write_object(JsonWriter& json, std::span<const Setting> settings, std::string_view group);

void write(JsonWriter& json, const TextValue& value) {
  json.text("type", "string");
  json.text("pattern", value.rule->pattern);
}

void write_number(JsonWriter& json, const NumberValue& value) {
  const bool is_factor = value.unit == NumberUnit::factor;
  json.text("type", is_factor ? "number" : "integer");
  json.raw("minimum", is_factor ? number_text(value, value.least) : std::to_string(value.least));
  json.raw("maximum", is_factor ? number_text(value, value.most) : std::to_string(value.most));
}

/// Either of two: a plain number, or a text of that pattern.
void write_number_or_text(JsonWriter& json, const NumberValue& value, std::string_view pattern) {
  json.open("anyOf", '[');
  json.open("", '{');
  write_number(json, value);
  json.close('}');
  json.open("", '{');
  json.text("type", "string");
  json.text("pattern", pattern);
  json.close('}');
  json.close(']');
}

void write(JsonWriter& json, const NumberValue& value) {
  if (value.unit == NumberUnit::bytes) {
    write_number_or_text(json, value, "^(0|[1-9][0-9]*)(B|KiB|MiB|GiB)$");
  } else if (value.unit == NumberUnit::duration) {
    json.text("type", "string");
    json.text("pattern", "^(0|[1-9][0-9]*)(ms|s|m|h)$");
  } else if (!value.zero_word.empty()) {
    write_number_or_text(json, value, "^" + std::string(value.zero_word) + "$");
  } else {
    write_number(json, value);
  }
}

void write(JsonWriter& json, const ChoiceValue& value) {
  json.open("enum", '[');
  for (const std::string_view name : value.names) {
    json.text("", name);
  }
  json.close(']');
}

void write_list(JsonWriter& json, std::size_t least, std::size_t most) {
  json.text("type", "array");
  json.raw("minItems", std::to_string(least));
  json.raw("maxItems", std::to_string(most));
}

void write(JsonWriter& json, const TextListValue& value) {
  write_list(json, value.least, value.most);
  json.raw("uniqueItems", "true");
  json.open("items", '{');
  json.text("type", "string");
  json.text("pattern", value.rule->pattern);
  json.close('}');
}

void write(JsonWriter& json, const GroupListValue& value) {
  write_list(json, value.least, value.most);
  json.open("items", '{');
  write_object(json, value.append(), "");
  json.close('}');
}

void write_default(JsonWriter& json, const Setting& setting) {
  const bool is_list = std::holds_alternative<TextListValue>(setting.value);
  const bool is_number = std::holds_alternative<NumberValue>(setting.value) && parse_hundredths(setting.default_text);
  if (is_list || is_number) {
    json.raw("default", setting.default_text);
  } else {
    json.text("default", setting.default_text);
  }
}

void write_setting(JsonWriter& json, std::span<const Setting> settings, const Setting& setting) {
  const std::size_t dot = setting.path.rfind('.');
  json.open(dot == std::string_view::npos ? setting.path : setting.path.substr(dot + 1), '{');
  json.text("description", setting.what);
  if (const auto* group = std::get_if<GroupValue>(&setting.value)) {
    write_object(json, settings, setting.path);
    if (!group->may_be_empty) {
      json.raw("minProperties", "1");
    }
  } else {
    std::visit(
        [&json](const auto& value) {
          if constexpr (requires { write(json, value); }) {
            write(json, value);
          }
        },
        setting.value);
    if (!setting.default_text.empty()) {
      write_default(json, setting);
    }
  }
  json.close('}');
}

std::string_view parent_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

void write_required(JsonWriter& json, std::span<const Setting> settings) {
  if (find_setting(settings, "prefix") != nullptr) {
    json.raw("oneOf", R"([{"required": ["path"]}, {"required": ["prefix"]}])");
  }
  for (const Setting& setting : settings) {
    if (setting.required) {
      json.raw("required", "[\"" + std::string(setting.path) + "\"]");
    }
  }
}

void write_object(JsonWriter& json, std::span<const Setting> settings, std::string_view group) {
  json.text("type", "object");
  json.raw("additionalProperties", "false");
  if (group.empty()) {
    write_required(json, settings);
  }
  json.open("properties", '{');
  for (const Setting& setting : settings) {
    if (parent_of(setting.path) == group) {
      write_setting(json, settings, setting);
    }
  }
  json.close('}');
}

}  // namespace

std::string schema_text() {
  Config config;
  JsonWriter json;
  json.open("", '{');
  json.text("$schema", "http://json-schema.org/draft-07/schema#");
  json.text("title", "fairlead configuration");
  write_object(json, settings_of(config), "");
  json.close('}');
  return json.take();
}

}  // namespace fairlead::control
