#include "control/config_problem.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/nearest_name.hpp"
#include "base/utf8.hpp"

namespace fairlead::control {

std::string format_problem(const Problem& problem) {
  return problem.file + ":" + std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column) + ": " +
         problem.text;
}

void ProblemList::add(Position at, std::string text) {
  if (problems_.size() < problems_max) {
    problems_.push_back({file_, at, std::move(text)});
  } else if (problems_.size() == problems_max) {
    problems_.push_back({file_, at, "there are more problems than are shown; mend these first"});
  }
}

std::vector<Problem> ProblemList::sorted() const {
  std::vector<Problem> sorted = problems_;
  std::sort(sorted.begin(), sorted.end(), [](const Problem& left, const Problem& right) {
    return std::tie(left.at, left.text) < std::tie(right.at, right.text);
  });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

void KeySources::add(std::string_view source, const Positions& positions) {
  for (const auto& [key, at] : positions) {
    places_.insert_or_assign(key, Place{std::string(source), at});
  }
}

Problem KeySources::problem(std::string_view key, std::string text) const {
  auto place = places_.find(key);
  while (place == places_.end() && !key.empty()) {
    const std::size_t end = key.find_last_of(".[");
    key = key.substr(0, end == std::string_view::npos ? 0 : end);
    place = places_.find(key);
  }
  return place == places_.end() ? Problem{{}, {}, std::move(text)}
                                : Problem{place->second.source, place->second.at, std::move(text)};
}

std::string backquoted(std::string_view text) {
  constexpr std::size_t shown_max = 40;
  std::string shown = "`";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_length(text.substr(at));
    const std::string_view character = text.substr(at, std::max<std::size_t>(1, length));
    if (at + character.size() > shown_max) {
      return shown + "...`";
    }
    shown += length != 0 && is_harmless(character) ? character : "?";
    at += character.size();
  }
  return shown + "`";
}

std::string as_in_file(std::string_view text) {
  constexpr std::string_view indicators = "[]{}&*!|>'\"%@`#,?-";
  const bool needs_quotes = text.empty() || indicators.find(text.front()) != std::string_view::npos ||
                            text.ends_with(':') || text.find(": ") != std::string_view::npos ||
                            text.find(" #") != std::string_view::npos;
  return needs_quotes ? '"' + std::string(text) + '"' : std::string(text);
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (const auto near = nearest_name(word, candidates)) {
    return "; did you mean " + backquoted(*near) + "?";
  }
  std::string text = "; known are ";
  for (std::size_t index = 0; index < candidates.size(); ++index) {
    text += (index == 0 ? "" : ", ") + backquoted(candidates[index]);
  }
  return text;
}

}  // namespace fairlead::control
