// Durations, sizes and factors as people write them: `250ms`, `5s`, `1m`, `1h`; `512`, `512B`, `64KiB`, `1MiB`, `1GiB`;
// `2`, `1.25`.
// Used by the configuration, the command line and what is shown to people. Pure; safe from any thread.
// Without sign, blank or leading zero, and whole but for factors, so that each text has one meaning.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead {

/// Decimal digits alone; nothing when there is anything else or the number is beyond 64 bits.
std::optional<std::uint64_t> parse_whole(std::string_view text);

/// Nothing without a unit, or when the duration is beyond what milliseconds of 63 bits can hold.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Bytes. The unit may be left out; nothing when the size is beyond 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// Hundredths of a number with two decimals at most: `1.25` is 125.
std::optional<std::uint64_t> parse_hundredths(std::string_view text);

/// The shortest text that parses to the same value: 90'000 ms is `90s`, 60'000 ms is `1m`, 0 is `0s`.
std::string format_duration(std::chrono::milliseconds duration);

/// The shortest text that parses to the same value: 65'536 is `64KiB`, 1'000 is `1000B`, 0 is `0`.
std::string format_size(std::uint64_t bytes);

/// The shortest text that parses to the same value: 125 is `1.25`, 150 is `1.5`, 200 is `2`.
std::string format_hundredths(std::uint64_t hundredths);

}  // namespace fairlead
