#include "control/admin_access.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "base/ip_address.hpp"

namespace fairlead::control {
namespace {

bool is_loopback(std::string_view ip) {
  const std::optional<IpBytes> bytes = parse_ip(ip);
  if (!bytes) {
    return false;
  }
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr IpBytes v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const bool is_v4 = std::equal(mapped.begin(), mapped.end(), bytes->begin());
  return is_v4 ? (*bytes)[12] == 127 : *bytes == v6;
}

bool has_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view shown = authorization.starts_with(scheme) ? authorization.substr(scheme.size()) : "";
  return !token.empty() && shown.size() == token.size() && CRYPTO_memcmp(shown.data(), token.data(), token.size()) == 0;
}

/// A proxy on this machine speaks for somebody else. An empty field tells it as well: whoever is behind the proxy may
/// have sent that one, before the one that the proxy added.
bool is_forwarded(const http::RequestHead& request) {
  constexpr std::array<std::string_view, 6> names{
      "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"};
  return std::ranges::any_of(request.fields, [&](const http::Field& field) {
    return std::ranges::any_of(names,
                               [&](std::string_view name) { return http::equals_ignoring_case(field.name, name); });
  });
}

/// An address or `localhost`: a name that somebody else may point to this machine is neither.
bool names_this_machine(std::string_view authority) {
  std::string_view host = authority;
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  return host == "localhost" || parse_ip(host).has_value();
}

}  // namespace

std::optional<AdminRefusal> refuse_write(const http::RequestHead& request, std::string_view peer_ip,
                                         std::string_view token) {
  if (has_token(http::field_value(request.fields, "authorization"), token)) {
    return std::nullopt;
  }
  if (!is_loopback(peer_ip) || is_forwarded(request)) {
    return token.empty() ? AdminRefusal{403, "changes from another host need a token; set admin.token_file"}
                         : AdminRefusal{401,
                                        "changes from another host need the token of admin.token_file, as "
                                        "Authorization: Bearer TOKEN"};
  }
  const std::string_view origin = http::field_value(request.fields, "origin");
  if (!origin.empty() && (!origin.starts_with("http://") || origin.substr(7) != request.authority)) {
    return AdminRefusal{403, "a page of another site may not change anything here"};
  }
  if (!names_this_machine(request.authority)) {
    return AdminRefusal{403, "without a token, changes must be sent to an address or to localhost"};
  }
  return std::nullopt;
}

}  // namespace fairlead::control
