#include "core/routing/address_range.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "base/ip_address.hpp"

namespace fairlead::routing {
namespace {

constexpr std::uint8_t mapped_bits = 96;  // of ::ffff:0:0/96, before an IPv4 address' own

std::optional<std::uint8_t> parse_bits(std::string_view text, std::uint8_t bits_max) {
  std::uint8_t bits = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, bits);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (fault != std::errc{} || stop != end || has_leading_zero || bits > bits_max) {
    return std::nullopt;
  }
  return bits;
}

}  // namespace

bool AddressRange::contains(const std::array<std::uint8_t, 16>& other) const {
  const std::size_t whole = prefix_bits / 8U;
  for (std::size_t index = 0; index < whole; ++index) {
    if (address[index] != other[index]) {
      return false;
    }
  }
  const unsigned rest = prefix_bits % 8U;
  return rest == 0 || ((address[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

std::optional<AddressRange> parse_address_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const auto address = parse_ip(address_text);
  if (!address) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) {
    return AddressRange{*address, 128};
  }
  const std::uint8_t before = address_text.find(':') == std::string_view::npos ? mapped_bits : 0;
  const auto bits = parse_bits(text.substr(slash + 1), static_cast<std::uint8_t>(128 - before));
  if (!bits) {
    return std::nullopt;
  }
  return AddressRange{*address, static_cast<std::uint8_t>(before + *bits)};
}

bool has_host_bits(const AddressRange& range) {
  for (std::size_t bit = range.prefix_bits; bit < range.address.size() * 8; ++bit) {
    if ((range.address[bit / 8] & (0x80U >> (bit % 8))) != 0) {
      return true;
    }
  }
  return false;
}

bool is_in_any(const std::array<std::uint8_t, 16>& address, std::span<const AddressRange> ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&address](const AddressRange& range) { return range.contains(address); });
}

}  // namespace fairlead::routing
