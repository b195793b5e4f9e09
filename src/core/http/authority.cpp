#include "core/http/authority.hpp"

#include <algorithm>
#include <cstddef>

#include "core/http/byte_scan.hpp"

namespace fairlead::http {

namespace {

constexpr std::size_t port_digits_max = 5;

bool is_port(std::string_view digits) {
  int port = 0;
  for (const char digit : digits.substr(0, port_digits_max)) {
    if (!is_digit(digit)) {
      return false;
    }
    port = port * 10 + (digit - '0');
  }
  return digits.size() <= port_digits_max && port <= 65535;
}

bool is_ipv6(std::string_view address) {
  const auto allowed = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
  return address.size() >= 2 && address.size() <= 45 && address.find(':') != std::string_view::npos &&
         std::all_of(address.begin(), address.end(), allowed);
}

/// Behind the name that the text begins with (RFC 3986 section 3.2.2).
std::size_t skip_reg_name(std::string_view text) {
  std::size_t end = skip_class(reg_name_class, text, 0, text.size());
  while (text.size() - end >= 3 && text[end] == '%' && hex_value(text[end + 1]) >= 0 && hex_value(text[end + 2]) >= 0) {
    end = skip_class(reg_name_class, text, end + 3, text.size());
  }
  return end;
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
  const std::size_t name_end = skip_reg_name(text);
  return name_end > 0 && is_port_suffix(text.substr(name_end));
}

}  // namespace fairlead::http
