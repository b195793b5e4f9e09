#include "base/nearest_name.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace fairlead {
namespace {

constexpr std::array<std::string_view, 4> names{"least_conn", "round_robin", "random", "ip_hash"};

TEST(NearestName, CountsEachKindOfEdit) {
  EXPECT_EQ(edit_distance("head", "head"), 0U);
  EXPECT_EQ(edit_distance("head", "heads"), 1U);
  EXPECT_EQ(edit_distance("head", "hed"), 1U);
  EXPECT_EQ(edit_distance("head", "heat"), 1U);
  EXPECT_EQ(edit_distance("head", "haed"), 1U);
  EXPECT_EQ(edit_distance("", "head"), 4U);
  EXPECT_EQ(edit_distance("head", ""), 4U);
}

TEST(NearestName, FindsAMistypedName) {
  EXPECT_EQ(nearest_name("roundrobin", names), "round_robin");
  EXPECT_EQ(nearest_name("least_con", names), "least_conn");
  EXPECT_EQ(nearest_name("Round-Robin", names), "round_robin");
}

TEST(NearestName, FindsNothingForAWordUnlikeAny) {
  EXPECT_FALSE(nearest_name("zzz", names));
  EXPECT_FALSE(nearest_name("", std::span<const std::string_view>()));
}

TEST(NearestName, AllowsOneEditInAShortWord) {
  constexpr std::array<std::string_view, 1> short_names{"url"};
  EXPECT_EQ(nearest_name("ur", short_names), "url");
  EXPECT_FALSE(nearest_name("ab", short_names));
}

TEST(NearestName, GivesUpOnAVeryLongWord) {
  const std::string name(65, 'a');
  const std::array<std::string_view, 1> long_names{name};
  EXPECT_FALSE(nearest_name(name, long_names));
  const std::array<std::string_view, 1> allowed{std::string_view(name).substr(1)};
  EXPECT_EQ(nearest_name(std::string_view(name).substr(1), allowed), std::string_view(name).substr(1));
}

}  // namespace
}  // namespace fairlead
