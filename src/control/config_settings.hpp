// The one table of all settings: key, type, default, range, what it is and why, and where its value goes. The parser,
// --set, the reference of docs/configuration.md and the editors' schema are all made from it, so they can't disagree.
// Defaults are read off the values of config.hpp. A list of settings points into the object it was made of: that object
// outlives it and doesn't move. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/config.hpp"
#include "control/config_rules.hpp"

namespace fairlead::control {

struct Setting;

/// A group of keys under one name.
struct GroupValue {
  bool may_be_empty = true;
};

struct TextValue {
  const TextRule* rule = nullptr;
  std::function<void(const std::string&)> store;
};

enum class NumberUnit : std::uint8_t { count, bytes, duration, factor };

struct NumberValue {
  NumberUnit unit = NumberUnit::count;
  std::uint64_t least = 0;  ///< bytes, milliseconds, hundredths or just so many
  std::uint64_t most = 0;
  std::string_view zero_word;  ///< a word that stands for 0, such as "auto"; least is then of the others
  std::function<void(std::uint64_t)> store;
};

/// One of a few words.
struct ChoiceValue {
  std::span<const std::string_view> names;
  std::function<void(std::size_t)> store;  ///< index of the name
};

struct TextListValue {
  const TextRule* rule = nullptr;
  std::size_t least = 0;
  std::size_t most = 0;
  std::function<void(std::vector<std::string>)> store;
};

/// A list of groups, each with the same keys.
struct GroupListValue {
  std::size_t least = 0;
  std::size_t most = 0;
  std::string_view item;      ///< what one is called: "route"
  std::string_view main_key;  ///< --set takes its value alone for a whole item; empty: can't be
  std::function<void()> clear;
  std::function<std::vector<Setting>()> append;  ///< a new item's settings, valid until the next append
};

struct Setting {
  std::string_view path;  ///< within the file or the list's item: "limits.head"
  std::variant<GroupValue, TextValue, NumberValue, ChoiceValue, TextListValue, GroupListValue> value;
  bool required = false;
  std::string default_text;  ///< as in a file; empty: none
  std::string_view what;
  std::string_view why;
};

/// In the order of the file.
std::vector<Setting> settings_of(Config& config);
std::vector<Setting> settings_of(PoolConfig& pool);
std::vector<Setting> settings_of(RouteConfig& route);

/// One of `settings`; nullptr when there is none of that path.
const Setting* find_setting(std::span<const Setting> settings, std::string_view path);

/// `value` as a file has it: "1m", "64KiB", "100".
std::string number_text(const NumberValue& number, std::uint64_t value);

}  // namespace fairlead::control
