#include "control/config_reference.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "control/config_settings.hpp"

namespace fairlead::control {
namespace {

const std::string page_path = std::string(FAIRLEAD_SOURCE_DIR) + "/docs/configuration.md";
constexpr std::string_view opening = "<!-- made from src/control/config_settings.cpp; don't edit below -->\n\n";

std::string page() {
  std::ifstream file(page_path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// FAIRLEAD_WRITE_DOCS=1 writes the section anew instead of only comparing.
TEST(ConfigReference, IsTheLastSectionOfThePage) {
  const std::string before = page();
  const std::size_t start = before.find(opening);
  ASSERT_NE(start, std::string::npos);
  if (std::getenv("FAIRLEAD_WRITE_DOCS") != nullptr) {
    std::ofstream(page_path) << before.substr(0, start) << opening << reference_text();
  }
  EXPECT_EQ(page().substr(start + opening.size()), reference_text())
      << "write it anew: FAIRLEAD_WRITE_DOCS=1 control_test --gtest_filter='Config*'";
}

TEST(ConfigReference, ThePageHasARowForEachStrategyOfTheRoster) {
  const std::string text = page();
  const std::size_t table = text.find("## Strategies");
  ASSERT_NE(table, std::string::npos);
  for (const std::string_view name : balance::strategy_names()) {
    const bool has_row = text.find("\n| `" + std::string(name) + "` | ", table) != std::string::npos;
    EXPECT_TRUE(has_row) << "docs/configuration.md has no row for `" << name << "` among its strategies; write one: "
                         << "| `" << name << "` | what it chooses |";
  }
}

TEST(ConfigReference, HasEachKeyWithItsDefault) {
  Config config;
  const std::string text = reference_text();
  for (const Setting& setting : settings_of(config)) {
    const std::size_t heading = text.find("### `" + std::string(setting.path) + "`\n");
    ASSERT_NE(heading, std::string::npos) << setting.path;
    const std::string section = text.substr(heading, text.find("\n### ", heading) - heading);
    EXPECT_TRUE(section.find(setting.default_text) != std::string::npos)
        << setting.path << " doesn't show its default " << setting.default_text;
  }
}

TEST(ConfigReference, ReachesIntoLists) {
  const std::string text = reference_text();
  EXPECT_NE(text.find("### `pools[].backends[].weight`"), std::string::npos);
  EXPECT_NE(text.find("### `routes[].first_byte`"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::control
