#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fairlead {
namespace {

constexpr Error refused{ErrorKind::refused, Side::upstream, 111, "nobody listens there"};

Result<std::string> greet(bool well) {
  if (!well) {
    return refused;
  }
  return std::string("hello");
}

Result<void> act(bool well) {
  if (!well) {
    return refused;
  }
  return {};
}

TEST(Result, HoldsAValue) {
  const Result<std::string> result = greet(true);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(*result, "hello");
  EXPECT_EQ(result->size(), 5U);
}

TEST(Result, HoldsAnError) {
  const Result<std::string> result = greet(false);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), refused);
}

TEST(Result, GivesTheOtherValueForAnError) {
  EXPECT_EQ(greet(true).value_or("bye"), "hello");
  EXPECT_EQ(greet(false).value_or("bye"), "bye");
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, LetsItsValueBeChanged) {
  Result<std::string> result = greet(true);
  result.value() += " you";
  EXPECT_EQ(*result, "hello you");
}

TEST(Result, OfVoidIsDoneOrHoldsAnError) {
  EXPECT_TRUE(act(true));
  ASSERT_FALSE(act(false));
  EXPECT_EQ(act(false).error(), refused);
}

TEST(ResultDeathTest, StopsWhenAskedForWhatItDoesNotHold) {
  EXPECT_DEATH((void)greet(false).value(), "value of a failed Result");
  EXPECT_DEATH((void)greet(true).error(), "error of a successful Result");
  EXPECT_DEATH(act(false).value(), "value of a failed Result");
  EXPECT_DEATH((void)act(true).error(), "error of a successful Result");
}

TEST(Error, NamesItsKindAsInLogsAndLabels) {
  EXPECT_EQ(name_of(ErrorKind::timed_out), "timed_out");
  EXPECT_EQ(name_of(ErrorKind::unexpected), "unexpected");
}

}  // namespace
}  // namespace fairlead
