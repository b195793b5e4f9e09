// What the texts of a configuration must look like: addresses, URLs, names, paths. A rule gives a person the fault and
// its remedy, and an editor a pattern. Used by the settings table. Pure; all is static and safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::control {

struct TextRule {
  std::string_view type;  ///< for people: "IP:PORT"
  std::string_view example;
  std::string_view pattern;  ///< a regular expression (ECMA 262) for editors: at most as strict as fault()
  /// Nothing when the text is right; else "what is wrong; what would be right".
  std::optional<std::string> (*fault)(std::string_view text);
};

const TextRule& listen_address_rule();
const TextRule& state_url_rule();
const TextRule& key_prefix_rule();
const TextRule& file_rule();
const TextRule& address_range_rule();
const TextRule& pool_name_rule();
const TextRule& backend_url_rule();
const TextRule& path_rule();
const TextRule& method_rule();
const TextRule& parameter_rule();
const TextRule& key_header_rule();
const TextRule& key_cookie_rule();
const TextRule& key_parameter_rule();

}  // namespace fairlead::control
