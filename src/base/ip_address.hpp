// IP addresses in text -> 16 bytes, IPv4 mapped into IPv6 (RFC 4291 section 2.5.5.2). Strict: four decimal parts
// without leading zeros, no zone, no brackets, no port. Pure; used for backend URLs, address ranges and listeners.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead {

using IpBytes = std::array<std::uint8_t, 16>;

std::optional<IpBytes> parse_ipv4(std::string_view text);
/// RFC 4291 section 2.2, all three forms.
std::optional<IpBytes> parse_ipv6(std::string_view text);
/// Either of them.
std::optional<IpBytes> parse_ip(std::string_view text);

}  // namespace fairlead
