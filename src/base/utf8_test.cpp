#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(Utf8, MeasuresTheFirstCharacter) {
  EXPECT_EQ(utf8_length("ab"), 1U);
  EXPECT_EQ(utf8_length("\xc3\xb6x"), 2U);
  EXPECT_EQ(utf8_length("\xe2\x82\xac"), 3U);
  EXPECT_EQ(utf8_length("\xf0\x9f\x98\x80"), 4U);
  EXPECT_EQ(utf8_length("\xf4\x8f\xbf\xbf"), 4U);
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const char* text : {"", "\x80", "\xc3", "\xc3x", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe2\x82", "\xe2\x82x",
                           "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(utf8_length(text), 0U) << text;
  }
}

TEST(Utf8, TellsWhatATerminalMayBeShown) {
  for (const char* text : {"a", " ", "\xc3\xb6", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_harmless(text)) << text;
  }
  for (const char* text : {"\x1b", "\x7f", "\xc2\x9b", "\xc2\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xef\xbb\xbf"}) {
    EXPECT_FALSE(is_harmless(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead
