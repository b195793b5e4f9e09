#include "base/nearest_name.hpp"

#include <algorithm>
#include <vector>

namespace fairlead {
namespace {

// The table of distances is quadratic; nobody mistypes a longer word.
constexpr std::size_t word_max = 64;

constexpr char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last;
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t column = 0; column <= right.size(); ++column) {
    row[column] = column;
  }
  for (std::size_t line = 1; line <= left.size(); ++line) {
    before_last = std::move(last);
    last = row;
    row[0] = line;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const char one = lower(left[line - 1]);
      const char other = lower(right[column - 1]);
      row[column] = std::min({last[column] + 1, row[column - 1] + 1, last[column - 1] + (one == other ? 0 : 1)});
      const bool swapped = line > 1 && column > 1 && one == lower(right[column - 2]) && other == lower(left[line - 2]);
      if (swapped) {
        row[column] = std::min(row[column], before_last[column - 2] + 1);
      }
    }
  }
  return row[right.size()];
}

std::optional<std::string_view> nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > word_max) {
    return std::nullopt;
  }
  std::size_t nearest = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::optional<std::string_view> found;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = candidate.size() > word_max ? nearest : edit_distance(word, candidate);
    if (distance < nearest) {
      nearest = distance;
      found = candidate;
    }
  }
  return found;
}

}  // namespace fairlead
