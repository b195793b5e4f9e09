#include "control/fleet_json.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

using Kind = balance::BackendEdit::Kind;

TEST(FleetJson, ReadsAnEdit) {
  const Result<balance::BackendEdit> edit =
      parse_backend_edit(R"({"weight": 3, "url": "http://a:1", "state": "draining"})");
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->url, "http://a:1");
  EXPECT_EQ(edit->weight, 3U);
  EXPECT_EQ(edit->kind, Kind::drain);
  EXPECT_EQ(parse_backend_edit(R"({"url": "http://a:1"})")->kind, Kind::add);
  EXPECT_FALSE(parse_backend_edit(R"({"url": "http://a:1"})")->weight);
}

TEST(FleetJson, RefusesWhatIsNoEdit) {
  for (const std::string_view body :
       {"", "{", "7", "[]", "{}", R"({"url": 7})", R"({"url": "http://a/path"})",
        R"({"url": "http://a", "weight": 1.5})", R"({"url": "http://a", "weight": -1})",
        R"({"url": "http://a", "state": true})", R"({"url": "http://a", "Url": "http://a"})",
        R"({"url": "http://a", "url": "http://a"})", R"({"url": "http://a"} x)"}) {
    const Result<balance::BackendEdit> edit = parse_backend_edit(body);
    ASSERT_FALSE(edit) << body;
    EXPECT_FALSE(edit.error().detail.empty()) << body;
  }
}

}  // namespace
}  // namespace fairlead::control
