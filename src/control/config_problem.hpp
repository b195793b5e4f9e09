// What is wrong with a configuration, and where. Collected while a file is read and checked, so that all of it can be
// shown in one go. Used by the parts of control that read a configuration. Values; one thread at a time.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// Both count from 1; the column counts bytes.
struct Position {
  int line = 1;
  int column = 1;

  friend auto operator<=>(const Position&, const Position&) = default;
};

/// Where each key of a configuration was set: "limits.head", "routes[1].pool", "pools[0].backends[2]".
using Positions = std::map<std::string, Position, std::less<>>;

struct Problem {
  std::string file;
  Position at;
  std::string text;  ///< what is wrong; what would be right

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// `FILE:LINE:COLUMN: what is wrong; what would be right`
std::string format_problem(const Problem& problem);

/// In the order of the file, without repetitions, bounded.
class ProblemList {
 public:
  /// More of them than anyone reads; the rest is left out, with a last line that says so.
  static constexpr std::size_t problems_max = 1'000;

  explicit ProblemList(std::string file) : file_(std::move(file)) {}

  void add(Position at, std::string text);
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  /// Sorted by position.
  [[nodiscard]] std::vector<Problem> sorted() const;

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

/// Where each key was set, over all that a configuration is made of; what comes later wins.
class KeySources {
 public:
  /// `source` is what problems show: the file's name, "--set".
  void add(std::string_view source, const Positions& positions);
  [[nodiscard]] bool has(std::string_view key) const { return places_.contains(key); }
  /// `text` as a problem at the key, or at the nearest group around it that was written.
  [[nodiscard]] Problem problem(std::string_view key, std::string text) const;

 private:
  struct Place {
    std::string source;
    Position at;
  };
  std::map<std::string, Place, std::less<>> places_;
};

/// `text` between backquotes, shortened, what a terminal would act on as `?`: fit to be shown.
std::string backquoted(std::string_view text);

/// `text` as a file has it: in quotes where YAML would take it for something else.
std::string as_in_file(std::string_view text);

/// "; did you mean `x`?" or, when no candidate is near, "; known are `a`, `b`".
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace fairlead::control
