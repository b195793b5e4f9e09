// A range of IP addresses in CIDR notation, for trusted_proxies. IPv4-mapped IPv6 addresses count as IPv4. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fairlead::routing {

struct AddressRange {
  std::array<std::uint8_t, 16> address{};  ///< IPv6, or IPv4 mapped into it
  std::uint8_t prefix_bits = 128;          ///< of the 128

  [[nodiscard]] bool contains(const std::array<std::uint8_t, 16>& other) const;
};

/// "10.0.0.0/8", "192.0.2.1", "::1", "fd00::/8"; nothing when it is none of these.
std::optional<AddressRange> parse_address_range(std::string_view text);

/// Bits are set that the prefix doesn't reach, as in 10.0.0.1/8.
bool has_host_bits(const AddressRange& range);

bool is_in_any(const std::array<std::uint8_t, 16>& address, std::span<const AddressRange> ranges);

}  // namespace fairlead::routing
