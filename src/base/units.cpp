#include "base/units.hpp"

#include <array>
#include <limits>
#include <span>

namespace fairlead {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: formatting takes the first that divides.
constexpr std::array duration_units{Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::array size_units{Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10},
                                Unit{"B", 1}};

constexpr bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) {
    ++digits;
  }
  const auto number = parse_whole(text.substr(0, digits));
  if (!number) {
    return std::nullopt;
  }
  for (const Unit& unit : units) {
    if (text.substr(digits) == unit.name) {
      const bool fits = *number <= std::numeric_limits<std::uint64_t>::max() / unit.factor;
      return fits ? std::optional(*number * unit.factor) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string format_with_unit(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value);
}

}  // namespace

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (const char character : text) {
    if (!is_digit(character)) {
      return std::nullopt;
    }
    const auto digit = static_cast<std::uint64_t>(character - '0');
    if (number > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
      return std::nullopt;
    }
    number = number * 10 + digit;
  }
  return number;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto milliseconds = parse_with_unit(text, duration_units);
  if (!milliseconds || *milliseconds > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*milliseconds));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (const auto plain = parse_whole(text)) {
    return plain;
  }
  return parse_with_unit(text, size_units);
}

std::optional<std::uint64_t> parse_hundredths(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = parse_whole(text.substr(0, point));
  if (!whole || *whole > std::numeric_limits<std::uint64_t>::max() / 100 - 1) {
    return std::nullopt;
  }
  if (point == std::string_view::npos) {
    return *whole * 100;
  }
  const std::string_view decimals = text.substr(point + 1);
  if (decimals.empty() || decimals.size() > 2 || !is_digit(decimals.front()) || !is_digit(decimals.back())) {
    return std::nullopt;
  }
  const auto tenths = static_cast<std::uint64_t>(decimals.front() - '0');
  const auto hundredths = decimals.size() == 2 ? static_cast<std::uint64_t>(decimals.back() - '0') : 0;
  return *whole * 100 + tenths * 10 + hundredths;
}

std::string format_duration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) {
    return "0s";
  }
  // Negated as unsigned: the least value has no positive twin.
  const auto magnitude = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  return (count < 0 ? "-" : "") + format_with_unit(magnitude, duration_units);
}

std::string format_size(std::uint64_t bytes) {
  return bytes == 0 ? "0" : format_with_unit(bytes, size_units);
}

std::string format_hundredths(std::uint64_t hundredths) {
  std::string text = std::to_string(hundredths / 100);
  if (hundredths % 100 != 0) {
    text += "." + std::to_string(hundredths % 100 / 10);
    text += hundredths % 10 == 0 ? "" : std::to_string(hundredths % 10);
  }
  return text;
}

}  // namespace fairlead
