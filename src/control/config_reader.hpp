// Walks a YAML tree along the table of settings: stores what is right, tells what isn't, remembers where each key was.
// Used by config_parser for files and by config_override for --set. One thread at a time; the lists and trees handed in
// must outlive it.
#pragma once

#include <span>
#include <string>

#include "control/config_problem.hpp"
#include "control/config_settings.hpp"
#include "control/yaml_tree.hpp"

namespace fairlead::control {

class ConfigReader {
 public:
  ConfigReader(ProblemList& problems, Positions& positions) : problems_(problems), positions_(positions) {}

  /// A mapping with any of `settings`, each at most once. `place` is its path in the whole file: "", "pools[0]".
  void read_mapping(const YamlNode& node, std::span<const Setting> settings, const std::string& place);
  /// The value of one setting.
  void read_value(const YamlNode& node, const Setting& setting, const std::string& place);

 private:
  void read_entry(const YamlEntry& entry, std::span<const Setting> settings, const std::string& group,
                  const std::string& place);
  void read_group(const YamlNode& node, std::span<const Setting> settings, const std::string& group,
                  const std::string& place);
  void refuse_unknown(const YamlEntry& entry, std::span<const Setting> settings, const std::string& group);
  void read(const YamlNode& node, const TextValue& value, const std::string& place);
  void read(const YamlNode& node, const NumberValue& value, const std::string& place);
  void read(const YamlNode& node, const ChoiceValue& value, const std::string& place);
  void read(const YamlNode& node, const TextListValue& value, const std::string& place);
  void read(const YamlNode& node, const GroupListValue& value, const std::string& place);
  bool take_text(const YamlNode& node, const TextRule& rule, const std::string& place, std::string& text);
  bool take_sequence(const YamlNode& node, std::size_t least, std::size_t most, std::string_view item,
                     const std::string& place);
  void wrong_type(const YamlNode& node, const std::string& place, const std::string& right);

  ProblemList& problems_;
  Positions& positions_;
};

}  // namespace fairlead::control
