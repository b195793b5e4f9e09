#include "control/config_notes.hpp"

#include <gtest/gtest.h>

#include "control/config_parser.hpp"

namespace fairlead::control {
namespace {

TEST(ConfigNotes, HaveNothingToSayOfTheDefaults) {
  EXPECT_TRUE(notes_of(default_config()).empty());
}

TEST(ConfigNotes, SayThatACaFileDoesNothingWithoutTls) {
  Config config = default_config("redis://h");
  config.state.coordination = Coordination::exact;
  config.state.ca_file = "/etc/ca.pem";
  ASSERT_EQ(notes_of(config).size(), 1U);
  EXPECT_NE(notes_of(config)[0].find("rediss://"), std::string::npos);
  config.state.url = "rediss://h";
  EXPECT_TRUE(notes_of(config).empty());
}

}  // namespace
}  // namespace fairlead::control
