#include "base/ip_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace fairlead {
namespace {

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

std::optional<std::uint8_t> parse_octet(std::string_view text) {
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (text.empty() || text.size() > 3 || has_leading_zero || !std::all_of(text.begin(), text.end(), is_digit)) {
    return std::nullopt;
  }
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value > 255) {
    return std::nullopt;
  }
  return static_cast<std::uint8_t>(value);
}

std::optional<std::array<std::uint8_t, 4>> parse_octets(std::string_view text) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t part = 0; part < octets.size(); ++part) {
    const bool is_last = part + 1 == octets.size();
    const std::size_t end = is_last ? text.size() : text.find('.');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const auto octet = parse_octet(text.substr(0, end));
    if (!octet) {
      return std::nullopt;
    }
    octets[part] = *octet;
    text.remove_prefix(is_last ? end : end + 1);
  }
  return octets;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
  std::uint16_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || text.size() > 4 || fault != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

/// The bytes of the groups on one side of "::".
struct Groups {
  IpBytes bytes{};
  std::size_t size = 0;

  template <std::size_t count>
  bool append(const std::array<std::uint8_t, count>& more) {
    if (size + count > bytes.size()) {
      return false;
    }
    std::copy(more.begin(), more.end(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    size += count;
    return true;
  }
  bool append_group(std::string_view text) {
    const auto group = parse_group(text);
    return group && append(std::array{static_cast<std::uint8_t>(*group >> 8), static_cast<std::uint8_t>(*group)});
  }
  bool append_octets(std::string_view text) {
    const auto octets = parse_octets(text);
    return octets && append(*octets);
  }
};

std::optional<Groups> parse_groups(std::string_view text, bool may_end_in_ipv4) {
  Groups groups;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    const bool is_last = colon == std::string_view::npos;
    const bool is_ipv4 = is_last && may_end_in_ipv4 && part.find('.') != std::string_view::npos;
    if (!(is_ipv4 ? groups.append_octets(part) : groups.append_group(part))) {
      return std::nullopt;
    }
    text.remove_prefix(is_last ? part.size() : colon + 1);
    if (!is_last && text.empty()) {
      return std::nullopt;
    }
  }
  return groups;
}

}  // namespace

std::optional<IpBytes> parse_ipv4(std::string_view text) {
  const auto octets = parse_octets(text);
  if (!octets) {
    return std::nullopt;
  }
  IpBytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::copy(octets->begin(), octets->end(), bytes.begin() + 12);
  return bytes;
}

std::optional<IpBytes> parse_ipv6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const auto head = parse_groups(text.substr(0, gap), !has_gap);
  const auto tail = parse_groups(has_gap ? text.substr(gap + 2) : std::string_view{}, true);
  if (!head || !tail) {
    return std::nullopt;
  }
  // A gap stands for at least one group of zeros.
  const std::size_t given = head->size + tail->size;
  if (has_gap ? given > 14 : given != 16) {
    return std::nullopt;
  }
  IpBytes bytes = head->bytes;
  std::copy_n(tail->bytes.begin(), tail->size, bytes.end() - static_cast<std::ptrdiff_t>(tail->size));
  return bytes;
}

std::optional<IpBytes> parse_ip(std::string_view text) {
  return text.find(':') == std::string_view::npos ? parse_ipv4(text) : parse_ipv6(text);
}

}  // namespace fairlead
