#include "core/http/authority.hpp"

#include <algorithm>
#include <cstddef>

#include "core/http/character_class.hpp"

namespace fairlead::http {

namespace {

bool is_port(std::string_view digits) {
  if (digits.size() > 5 || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return false;
  }
  int port = 0;
  for (const char digit : digits) {
    port = port * 10 + (digit - '0');
  }
  return port <= 65535;
}

bool is_ipv6(std::string_view address) {
  const auto allowed = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
  return address.size() >= 2 && address.size() <= 45 && address.find(':') != std::string_view::npos &&
         std::all_of(address.begin(), address.end(), allowed);
}

bool is_reg_name(std::string_view name) {
  if (name.empty() || skip_class(reg_name_class, name, 0, name.size()) != name.size()) {
    return false;
  }
  for (std::size_t at = name.find('%'); at != std::string_view::npos; at = name.find('%', at + 1)) {
    if (name.size() - at < 3 || hex_value(name[at + 1]) < 0 || hex_value(name[at + 2]) < 0) {
      return false;
    }
  }
  return true;
}

bool is_port_suffix(std::string_view suffix) {
  return suffix.empty() || (suffix.front() == ':' && is_port(suffix.substr(1)));
}

}  // namespace

bool is_authority(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t closing = text.find(']');
    return closing != std::string_view::npos && is_ipv6(text.substr(1, closing - 1)) &&
           is_port_suffix(text.substr(closing + 1));
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return is_reg_name(text.substr(0, colon)) && is_port_suffix(text.substr(colon));
}

}  // namespace fairlead::http
