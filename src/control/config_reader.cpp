#include "control/config_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/units.hpp"

namespace fairlead::control {
namespace {

std::string joined(const std::string& place, std::string_view key) {
  return place.empty() ? std::string(key) : place + "." + std::string(key);
}

std::string item_place(const std::string& place, std::size_t index) {
  return place + "[" + std::to_string(index) + "]";
}

/// YAML takes these plain words for something else than text, and so would a person's next tool.
bool is_number_or_truth(std::string_view text) {
  constexpr std::array<std::string_view, 2> truths{"true", "false"};
  if (std::find(truths.begin(), truths.end(), text) != truths.end()) {
    return true;
  }
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::string_view digits = text.substr(sign);
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  return !digits.empty() && std::count(digits.begin(), digits.end(), '.') <= 1 && is_digit(digits.back()) &&
         std::all_of(digits.begin(), digits.end(),
                     [&is_digit](char character) { return is_digit(character) || character == '.'; });
}

std::string kind_text(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::null: return "nothing";
    case YamlKind::sequence: return "a list";
    case YamlKind::mapping: return "a group of keys";
    case YamlKind::scalar: break;
  }
  if (node.text.empty()) {
    return node.plain ? "nothing" : "an empty text";
  }
  if (!node.plain) {
    return "the quoted text " + backquoted(node.text);
  }
  return is_number_or_truth(node.text) ? "the value " + backquoted(node.text) : "the text " + backquoted(node.text);
}

std::string example_of(const NumberValue& value) {
  return number_text(value, std::max(value.least, std::min<std::uint64_t>(value.most, value.least * 4)));
}

/// What would be right for a number of this setting.
std::string right_form(const NumberValue& value) {
  const std::string word = value.zero_word.empty() ? "" : std::string(value.zero_word) + " or ";
  switch (value.unit) {
    case NumberUnit::count: return "write " + word + "a whole number such as " + example_of(value);
    case NumberUnit::bytes: return "write " + word + "a size such as 512, 64KiB or 1MiB";
    case NumberUnit::duration: return "write " + word + "a duration such as 250ms, 5s or 1m";
    case NumberUnit::factor: return "write " + word + "a number such as 1.25, with two decimals at most";
  }
  return {};
}

std::optional<std::uint64_t> number_of(const YamlNode& node, NumberUnit unit) {
  const auto whole = parse_whole(node.text);
  if (unit == NumberUnit::count || (whole && !node.plain)) {
    return node.plain ? whole : std::nullopt;
  }
  if (unit == NumberUnit::factor) {
    return node.plain ? parse_hundredths(node.text) : std::nullopt;
  }
  if (unit == NumberUnit::bytes) {
    return parse_size(node.text);
  }
  const auto duration = parse_duration(node.text);
  return duration ? std::optional(static_cast<std::uint64_t>(duration->count())) : std::nullopt;
}

/// The group's keys, by their own names.
std::vector<std::string_view> names_in(std::span<const Setting> settings, std::string_view group) {
  std::vector<std::string_view> names;
  for (const Setting& setting : settings) {
    const std::size_t dot = setting.path.rfind('.');
    const std::string_view parent = dot == std::string_view::npos ? std::string_view() : setting.path.substr(0, dot);
    if (parent == group) {
      names.push_back(dot == std::string_view::npos ? setting.path : setting.path.substr(dot + 1));
    }
  }
  return names;
}

/// `a`, `b` or `c`.
std::string one_of(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + backquoted(names[i]);
  }
  return text;
}

/// Digits, too many of them, and a unit or none, as the setting's other values have it.
bool is_beyond_numbers(const YamlNode& node, NumberUnit unit) {
  const std::size_t digits = std::min(node.text.find_first_not_of("0123456789"), node.text.size());
  if (digits < 2 || node.text.front() == '0') {
    return false;
  }
  YamlNode least = node;
  least.text = "1" + node.text.substr(digits);
  return number_of(least, unit).has_value();
}

}  // namespace

void ConfigReader::wrong_type(const YamlNode& node, const std::string& place, const std::string& right) {
  problems_.add(node.at, backquoted(place) + " can't be " + kind_text(node) + "; " + right);
}

void ConfigReader::read_mapping(const YamlNode& node, std::span<const Setting> settings, const std::string& place) {
  positions_.emplace(place, node.at);
  read_group(node, settings, {}, place);
  for (const Setting& setting : settings) {
    const bool is_there = std::any_of(node.entries.begin(), node.entries.end(),
                                      [&setting](const YamlEntry& entry) { return entry.key == setting.path; });
    if (setting.required && node.kind == YamlKind::mapping && !is_there) {
      problems_.add(node.at, backquoted(place) + " has no `" + std::string(setting.path) + "`; add the key");
    }
  }
}

void ConfigReader::read_group(const YamlNode& node, std::span<const Setting> settings, const std::string& group,
                              const std::string& place) {
  if (node.kind != YamlKind::mapping) {
    const std::string name = place.empty() ? "the file" : backquoted(place);
    problems_.add(node.at, name + " can't be " + kind_text(node) + "; write keys below it, or leave it out");
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    read_entry(entry, settings, group, place);
  }
}

void ConfigReader::read_entry(const YamlEntry& entry, std::span<const Setting> settings, const std::string& group,
                              const std::string& place) {
  const std::string path = joined(group, entry.key);
  // A key with a dot in it isn't a group and its key.
  const Setting* setting = entry.key.find('.') == std::string::npos ? find_setting(settings, path) : nullptr;
  if (setting == nullptr) {
    refuse_unknown(entry, settings, group);
    return;
  }
  const std::string whole = joined(place, entry.key);
  positions_.insert_or_assign(whole, entry.value.kind == YamlKind::null ? entry.at : entry.value.at);
  if (const auto* group_value = std::get_if<GroupValue>(&setting->value)) {
    const bool is_empty = entry.value.kind == YamlKind::mapping && entry.value.entries.empty();
    if (is_empty && !group_value->may_be_empty) {
      problems_.add(entry.at, backquoted(whole) + " says nothing; write " + one_of(names_in(settings, path)) +
                                  " below it, or leave it out");
    }
    read_group(entry.value, settings, path, whole);
  } else {
    read_value(entry.value, *setting, whole);
  }
}

void ConfigReader::refuse_unknown(const YamlEntry& entry, std::span<const Setting> settings, const std::string& group) {
  const std::vector<std::string_view> known = names_in(settings, group);
  const std::string where = group.empty() ? "" : " in " + backquoted(group);
  problems_.add(entry.at, "the key " + backquoted(entry.key) + " isn't known" + where + suggestion(entry.key, known));
}

void ConfigReader::read_value(const YamlNode& node, const Setting& setting, const std::string& place) {
  if (const auto* text = std::get_if<TextValue>(&setting.value)) {
    read(node, *text, place);
  } else if (const auto* number = std::get_if<NumberValue>(&setting.value)) {
    read(node, *number, place);
  } else if (const auto* choice = std::get_if<ChoiceValue>(&setting.value)) {
    read(node, *choice, place);
  } else if (const auto* texts = std::get_if<TextListValue>(&setting.value)) {
    read(node, *texts, place);
  } else if (const auto* groups = std::get_if<GroupListValue>(&setting.value)) {
    read(node, *groups, place);
  }
}

bool ConfigReader::take_text(const YamlNode& node, const TextRule& rule, const std::string& place, std::string& text) {
  if (node.kind == YamlKind::scalar && node.plain && is_number_or_truth(node.text) && !rule.fault(node.text)) {
    wrong_type(node, place, "write it in quotes if this text is meant");
    return false;
  }
  if (node.kind != YamlKind::scalar) {
    wrong_type(node, place, "write text such as " + as_in_file(rule.example));
    return false;
  }
  if (const auto fault = rule.fault(node.text)) {
    problems_.add(node.at, *fault);
    return false;
  }
  text = node.text;
  return true;
}

void ConfigReader::read(const YamlNode& node, const TextValue& value, const std::string& place) {
  std::string text;
  if (take_text(node, *value.rule, place, text)) {
    value.store(text);
  }
}

void ConfigReader::read(const YamlNode& node, const NumberValue& value, const std::string& place) {
  const bool is_scalar = node.kind == YamlKind::scalar;
  if (is_scalar && !value.zero_word.empty() && node.text == value.zero_word) {
    value.store(0);
    return;
  }
  const auto number = is_scalar ? number_of(node, value.unit) : std::nullopt;
  if (!number && !(is_scalar && is_beyond_numbers(node, value.unit))) {
    wrong_type(node, place, right_form(value));
  } else if (!number || *number < value.least || *number > value.most) {
    problems_.add(node.at, backquoted(place) + " can't be " + backquoted(node.text) + "; the least is " +
                               number_text(value, value.least) + ", the most is " + number_text(value, value.most));
  } else {
    value.store(*number);
  }
}

void ConfigReader::read(const YamlNode& node, const ChoiceValue& value, const std::string& place) {
  const std::vector<std::string_view> names(value.names.begin(), value.names.end());
  const auto found = std::find(names.begin(), names.end(), node.text);
  if (node.kind != YamlKind::scalar) {
    wrong_type(node, place, "write one of " + one_of(names));
  } else if (found == names.end()) {
    problems_.add(node.at, backquoted(place) + " can't be " + backquoted(node.text) + suggestion(node.text, names));
  } else {
    value.store(static_cast<std::size_t>(found - names.begin()));
  }
}

bool ConfigReader::take_sequence(const YamlNode& node, std::size_t least, std::size_t most, std::string_view item,
                                 const std::string& place) {
  const std::string name(item);
  if (node.kind != YamlKind::sequence) {
    wrong_type(node, place, "write a list, one " + name + " after each `- `");
    return false;
  }
  if (node.items.size() < least) {
    problems_.add(node.at, backquoted(place) + " is an empty list; add a " + name + ", or leave the key out");
    return false;
  }
  if (node.items.size() > most) {
    problems_.add(node.at, backquoted(place) + " has " + std::to_string(node.items.size()) + " items; the most is " +
                               std::to_string(most));
    return false;
  }
  return true;
}

void ConfigReader::read(const YamlNode& node, const TextListValue& value, const std::string& place) {
  if (!take_sequence(node, value.least, value.most, value.rule->type, place)) {
    return;
  }
  std::vector<std::string> texts;
  std::set<std::string_view> seen;
  for (std::size_t index = 0; index < node.items.size(); ++index) {
    const YamlNode& item = node.items[index];
    std::string text;
    if (!take_text(item, *value.rule, item_place(place, index), text)) {
      continue;
    }
    if (!seen.insert(item.text).second) {
      problems_.add(item.at, backquoted(item.text) + " is twice in " + backquoted(place) + "; keep one of them");
    }
    texts.push_back(std::move(text));
  }
  value.store(std::move(texts));
}

void ConfigReader::read(const YamlNode& node, const GroupListValue& value, const std::string& place) {
  if (!take_sequence(node, value.least, value.most, value.item, place)) {
    return;
  }
  value.clear();
  for (std::size_t index = 0; index < node.items.size(); ++index) {
    const std::vector<Setting> settings = value.append();
    const YamlNode& item = node.items[index];
    const Setting* main = find_setting(settings, value.main_key);
    const auto* text = main == nullptr ? nullptr : std::get_if<TextValue>(&main->value);
    if (item.kind == YamlKind::scalar && text != nullptr) {
      // Not shown: it may be a URL with a password.
      problems_.add(item.at, backquoted(item_place(place, index)) + " is a text without a key; write `- " +
                                 std::string(main->path) + ": ` before it, as in `- " + std::string(main->path) + ": " +
                                 as_in_file(text->rule->example) + "`");
    } else {
      read_mapping(item, settings, item_place(place, index));
    }
  }
}

}  // namespace fairlead::control
