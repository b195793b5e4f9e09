#include "base/json_writer.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(JsonWriter, PutsCommasBetweenValuesAndNowhereElse) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("a", 1).key("b").begin_array().number(-2).string("x").boolean(true).null().end_array();
  json.key("c").begin_object().end_object().key("d").begin_array().end_array().member("e", "f").end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[-2,"x",true,null],"c":{},"d":[],"e":"f"})");
}

TEST(JsonWriter, EscapesWhatAStringCantHold) {
  std::string out;
  JsonWriter(out).string("a\"b\\c\n\x01");
  EXPECT_EQ(out, R"("a\"b\\c\u000a\u0001")");
}

}  // namespace
}  // namespace fairlead
