#include "control/config_schema.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace fairlead::control {
namespace {

const std::string schema_path = std::string(FAIRLEAD_SOURCE_DIR) + "/docs/fairlead.schema.json";

// FAIRLEAD_WRITE_DOCS=1 writes the file anew instead of only comparing.
TEST(ConfigSchema, IsTheFileInTheDocs) {
  if (std::getenv("FAIRLEAD_WRITE_DOCS") != nullptr) {
    std::ofstream(schema_path) << schema_text();
  }
  std::ifstream file(schema_path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), schema_text()) << "write it anew: FAIRLEAD_WRITE_DOCS=1 control_test --gtest_filter='Config*'";
}

TEST(ConfigSchema, IsJson) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(schema_text()).get(root), simdjson::SUCCESS);
  std::string_view text;
  EXPECT_EQ(root.at_pointer("/properties/limits/properties/head/default").get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "32KiB");
  std::uint64_t number = 0;
  EXPECT_EQ(root.at_pointer("/properties/pools/items/properties/backends/items/properties/weight/maximum").get(number),
            simdjson::SUCCESS);
  EXPECT_EQ(number, 1'000U);
}

}  // namespace
}  // namespace fairlead::control
