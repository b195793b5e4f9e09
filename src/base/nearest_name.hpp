// "Did you mean?": the known name that a mistyped word most likely stands for. Used by the configuration and the
// command line. Pure; safe from any thread. Distance counts insertions, deletions, changes and swapped neighbours.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace fairlead {

/// Edits that turn one into the other; upper and lower case are the same.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The first of the nearest candidates; nothing when none is within a third of the word's length (at least one edit),
/// or when the word is longer than any name could be.
std::optional<std::string_view> nearest_name(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace fairlead
