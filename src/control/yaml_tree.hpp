// A YAML document as a plain tree with positions; the one spot that knows yaml-cpp and catches what it throws.
// A small, strict part of YAML in UTF-8: one document of mappings, sequences and scalars. Anchors, aliases, merge keys,
// tags, duplicate keys, quoted texts over several lines and tabs in the indentation are refused, so a file means what
// it looks like and can't blow up.
// Used by config_parser. Values; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/config_problem.hpp"

namespace fairlead::control {

enum class YamlKind : std::uint8_t { null, scalar, sequence, mapping };

struct YamlEntry;

struct YamlNode {
  YamlKind kind = YamlKind::null;
  Position at;
  std::string text;                ///< of a scalar
  bool plain = true;               ///< a scalar without quotes
  std::vector<YamlNode> items;     ///< of a sequence
  std::vector<YamlEntry> entries;  ///< of a mapping, in the file's order, each key once
};

struct YamlEntry {
  Position at;  ///< of the key
  std::string key;
  YamlNode value;
};

struct YamlLimits {
  static constexpr std::size_t bytes_max = 1 << 20;
  static constexpr std::size_t depth_max = 32;
  static constexpr std::size_t nodes_max = 100'000;
};

/// The document; a null node for an empty file. What can't be read is left out of the tree and told to `problems`.
YamlNode read_yaml(std::string_view text, ProblemList& problems);

}  // namespace fairlead::control
