#include "core/balance/stable_hash.hpp"

#include <gtest/gtest.h>

namespace fairlead::balance {
namespace {

TEST(StableHash, GivesThePublishedNumbers) {
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8ULL);
}

TEST(StableHash, TakesBytesAboveAsciiAndZeros) {
  EXPECT_NE(stable_hash(std::string_view("\0", 1)), stable_hash(""));
  EXPECT_NE(stable_hash("\x80"), stable_hash("\x81"));
}

}  // namespace
}  // namespace fairlead::balance
