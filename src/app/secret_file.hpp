// Reads a secret from a file: its first line's text without blanks around it. Used for the admin token, by the server
// and by the commands that show it.
#pragma once

#include <string>
#include <variant>

namespace fairlead::app {

struct SecretFault {
  std::string text;  ///< what is wrong; what would be right
};

/// 16 to 4096 visible ASCII characters.
std::variant<std::string, SecretFault> read_secret(const std::string& path);
/// Users who are neither its owner nor in its group may.
bool others_may_read(const std::string& path);

}  // namespace fairlead::app
