// Any bytes as a configuration file, and each line of them as a --set: no crash, no hang, and never a problem without a
// place and a text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "control/config_notes.hpp"
#include "control/config_override.hpp"
#include "control/config_parser.hpp"

namespace {

using namespace fairlead::control;

void expect_shown(const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) {
    if (problem.text.empty() || problem.at.line < 1 || problem.at.column < 1) {
      std::abort();
    }
  }
}

std::vector<std::string> lines_of(std::string_view text) {
  constexpr std::size_t lines_max = 16;
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < lines_max) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  ParsedConfig parsed = parse_config(text, "fuzz.yml");
  expect_shown(parsed.problems);
  if (parsed.problems.empty()) {
    (void)notes_of(parsed.config);
    expect_shown(apply_overrides(parsed.config, parsed.sources, lines_of(text)));
  }
  Config config = default_config();
  KeySources sources;
  expect_shown(apply_overrides(config, sources, lines_of(text)));
  return 0;
}
