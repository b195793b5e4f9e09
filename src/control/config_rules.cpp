#include "control/config_rules.hpp"

#include <algorithm>

#include "base/ip_address.hpp"
#include "base/units.hpp"
#include "control/config_problem.hpp"
#include "core/balance/backend_set.hpp"
#include "core/routing/address_range.hpp"
#include "fleet/state_url.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t name_max = 64;
constexpr std::size_t key_prefix_max = 128;
constexpr std::size_t path_max = 4'096;
constexpr std::size_t method_max = 32;

using Fault = std::optional<std::string>;

constexpr bool is_alphanumeric(char character) {
  return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
         (character >= 'a' && character <= 'z');
}

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool is_visible(char character) {
  return character > ' ' && character < 0x7f;
}

Fault address_fault(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, std::min(colon, text.size()));
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  const bool host_is_right =
      bracketed ? parse_ipv6(host.substr(1, host.size() - 2)).has_value() : parse_ipv4(host).has_value();
  if (colon == std::string_view::npos || !host_is_right) {
    return backquoted(text) + " isn't an IP address and a port; write it such as 0.0.0.0:5000 or \"[::]:5000\"";
  }
  const auto port = parse_whole(text.substr(colon + 1));
  if (!port || *port > 65'535) {
    return "the port " + backquoted(text.substr(colon + 1)) + (port ? " is too large" : " isn't a number") +
           "; write 0 (any free one) to 65535";
  }
  return std::nullopt;
}

Fault state_url_fault(std::string_view text) {
  const auto url = fleet::parse_state_url(text);
  return url ? Fault() : Fault("the state's URL can't be used: " + std::string(url.error().detail));
}

Fault key_prefix_fault(std::string_view text) {
  if (text.size() > key_prefix_max || !all_of(text, is_visible)) {
    return "the prefix is longer than 128 bytes or holds blanks or bytes outside ASCII; write it such as \"{lb}:\"";
  }
  return std::nullopt;
}

Fault file_fault(std::string_view text) {
  const bool plain = all_of(text, [](char character) { return static_cast<unsigned char>(character) >= ' '; });
  if (text.empty() || text.size() >= path_max || !plain) {
    return "the file's path is empty, longer than 4095 bytes or holds control characters; write it such as /etc/ca.pem";
  }
  return std::nullopt;
}

Fault address_range_fault(std::string_view text) {
  return routing::parse_address_range(text)
             ? Fault()
             : Fault(backquoted(text) +
                     " isn't a range of addresses; write it such as 10.0.0.0/8, 192.0.2.1 or fd00::/8");
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_max && all_of(text, [](char character) {
    return is_alphanumeric(character) || character == '_' || character == '-' || character == '.';
  });
}

Fault pool_name_fault(std::string_view text) {
  return is_name(text)
             ? Fault()
             : Fault(backquoted(text) + " isn't a pool's name; use 1 to 64 letters, digits, `_`, `-` and `.`");
}

Fault parameter_fault(std::string_view text) {
  return is_name(text)
             ? Fault()
             : Fault(backquoted(text) + " isn't a parameter's name; use 1 to 64 letters, digits, `_`, `-` and `.`");
}

// The URL isn't shown: someone may have put a password into it.
Fault backend_url_fault(std::string_view text) {
  if (text.starts_with("https://")) {
    return "https:// backends aren't supported yet; write http://HOST:PORT";
  }
  const auto address = balance::parse_backend_url(text);
  return address ? Fault()
                 : Fault("the backend's URL can't be used (" + std::string(address.error().detail) +
                         "); write http://HOST:PORT");
}

/// RFC 3986 section 2.1.
bool has_whole_escapes(std::string_view text) {
  const auto is_hex = [](char character) {
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f') ||
           (character >= 'A' && character <= 'F');
  };
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) {
      return false;
    }
  }
  return true;
}

Fault path_fault(std::string_view text) {
  if (!text.starts_with('/')) {
    return backquoted(text) + " isn't a path; it starts with /";
  }
  const bool plain =
      all_of(text, [](char character) { return is_visible(character) && character != '?' && character != '#'; });
  if (!plain || text.size() > path_max) {
    return backquoted(text) +
           " isn't a path; it has no blanks, no ? and no #, and at most 4096 bytes; write others as %XX";
  }
  if (!has_whole_escapes(text)) {
    return backquoted(text) + " has a % without two hexadecimal digits behind it; write % itself as %25";
  }
  return std::nullopt;
}

/// RFC 9110 section 5.6.2: methods, names of fields and of cookies.
bool is_token(std::string_view text) {
  return !text.empty() && all_of(text, [](char character) {
    return is_alphanumeric(character) || std::string_view("!#$%&'*+-.^_`|~").find(character) != std::string_view::npos;
  });
}

Fault token_fault(std::string_view text) {
  return is_token(text) && text.size() <= name_max
             ? Fault()
             : Fault(backquoted(text) +
                     " isn't the name of a header or a cookie; use 1 to 64 letters, digits, `-` and "
                     "other characters of a token");
}

Fault method_fault(std::string_view text) {
  if (text.size() > method_max || !is_token(text)) {
    return backquoted(text) + " isn't a method; write it such as GET or POST";
  }
  if (std::any_of(text.begin(), text.end(), [](char character) { return character >= 'a' && character <= 'z'; })) {
    std::string upper(text);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char character) {
      return character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
    });
    return backquoted(text) + " would never match, methods are told apart by case; write " + upper;
  }
  return std::nullopt;
}

constexpr TextRule listen_address{"IP:PORT", "0.0.0.0:5000", R"(^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}$)",
                                  address_fault};
constexpr TextRule state_url{"URL", "redis://127.0.0.1:6379", R"(^(memory://$|rediss?://|redis\+(unix|sentinel)://))",
                             state_url_fault};
constexpr TextRule key_prefix{"text", "{lb}:", R"(^[!-~]{0,128}$)", key_prefix_fault};
constexpr TextRule file{"path of a file", "/etc/fairlead/redis-ca.pem", R"(^[^\x00-\x1f]{1,4095}$)", file_fault};
constexpr TextRule address_range{"CIDR range", "10.0.0.0/8", R"(^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$)", address_range_fault};
constexpr TextRule pool_name{"name", "default", R"(^[A-Za-z0-9_.-]{1,64}$)", pool_name_fault};
constexpr TextRule backend_url{"URL", "http://localhost:6001", R"(^[Hh][Tt][Tt][Pp]://)", backend_url_fault};
constexpr TextRule path{"path", "/proxy", R"(^/[!"$->@-~]{0,4095}$)", path_fault};
constexpr TextRule method{"method", "POST", R"(^[^a-z]{1,32}$)", method_fault};
constexpr TextRule parameter{"name", "strategy", R"(^[A-Za-z0-9_.-]{1,64}$)", parameter_fault};
constexpr TextRule key_header{"name", "X-User", R"(^[!#-'*+.0-9A-Z^-z|~-]{1,64}$)", token_fault};
constexpr TextRule key_cookie{"name", "session", R"(^[!#-'*+.0-9A-Z^-z|~-]{1,64}$)", token_fault};
constexpr TextRule key_parameter{"name", "user", R"(^[A-Za-z0-9_.-]{1,64}$)", parameter_fault};

}  // namespace

const TextRule& listen_address_rule() {
  return listen_address;
}
const TextRule& state_url_rule() {
  return state_url;
}
const TextRule& key_prefix_rule() {
  return key_prefix;
}
const TextRule& file_rule() {
  return file;
}
const TextRule& address_range_rule() {
  return address_range;
}
const TextRule& pool_name_rule() {
  return pool_name;
}
const TextRule& backend_url_rule() {
  return backend_url;
}
const TextRule& path_rule() {
  return path;
}
const TextRule& method_rule() {
  return method;
}
const TextRule& parameter_rule() {
  return parameter;
}
const TextRule& key_header_rule() {
  return key_header;
}
const TextRule& key_cookie_rule() {
  return key_cookie;
}
const TextRule& key_parameter_rule() {
  return key_parameter;
}

}  // namespace fairlead::control
