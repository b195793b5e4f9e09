#include "core/routing/query.hpp"

#include <gtest/gtest.h>

namespace fairlead::routing {
namespace {

std::string without(std::string_view query, std::string_view name = "strategy") {
  std::string out;
  append_query_without(out, query, name);
  return out;
}

TEST(RawQueryValue, IsTheValueAsItStands) {
  EXPECT_EQ(raw_query_value("a=1&user=x%20y+z&user=2", "user"), "x%20y+z");
  EXPECT_EQ(raw_query_value("user", "user"), "");
  EXPECT_EQ(raw_query_value("users=1", "user"), std::nullopt);
}

TEST(QueryValue, IsThatOfTheFirstParameterOfTheName) {
  EXPECT_EQ(query_value("strategy=least_conn", "strategy"), "least_conn");
  EXPECT_EQ(query_value("a=1&strategy=x&strategy=y&b=2", "strategy"), "x");
}

TEST(QueryValue, IsNothingWhenNoParameterHasTheName) {
  for (const char* query : {"", "&", "a=strategy", "strategy2=x", "xstrategy=x", "Strategy=x", "=strategy"}) {
    EXPECT_EQ(query_value(query, "strategy"), std::nullopt) << query;
  }
}

TEST(QueryValue, IsEmptyWithoutAValue) {
  EXPECT_EQ(query_value("strategy", "strategy"), "");
  EXPECT_EQ(query_value("strategy=&a=1", "strategy"), "");
}

TEST(QueryValue, GoesUpToTheAmpersand) {
  EXPECT_EQ(query_value("strategy=a=b?c&d", "strategy"), "a=b?c");
}

TEST(QueryValue, DecodesPercentSequences) {
  EXPECT_EQ(query_value("strategy=round%5Frobin", "strategy"), "round_robin");
  EXPECT_EQ(query_value("strategy=%61%6a%6A", "strategy"), "ajj");
  EXPECT_EQ(query_value("strategy=a%00b", "strategy"), std::string("a\0b", 3));
  EXPECT_EQ(query_value("strategy=%2541", "strategy"), "%41");
}

TEST(QueryValue, KeepsAPercentWithoutTwoHexDigits) {
  for (const char* value : {"%", "%4", "a%zz", "%4g", "%-1", "% 1", "%%"}) {
    EXPECT_EQ(query_value(std::string("strategy=") + value, "strategy"), value);
  }
}

TEST(QueryWithout, DropsEveryParameterOfTheName) {
  EXPECT_EQ(without("strategy=x"), "");
  EXPECT_EQ(without("strategy"), "");
  EXPECT_EQ(without("strategy=x&a=1"), "a=1");
  EXPECT_EQ(without("a=1&strategy=x"), "a=1");
  EXPECT_EQ(without("a=1&strategy=x&b=2&strategy=y&strategy"), "a=1&b=2");
}

TEST(QueryWithout, KeepsAllElseByteForByte) {
  for (const char* query : {"", "&", "a", "a=1&a=1", "&&a=%zz&&", "=strategy", "strategy2=x&Strategy=y", "a=+%20;b"}) {
    EXPECT_EQ(without(query), query);
  }
}

TEST(QueryWithout, KeepsEmptyParametersBesideTheDropped) {
  EXPECT_EQ(without("&strategy=x&"), "&");
  EXPECT_EQ(without("a&&strategy=x&&b"), "a&&&b");
}

TEST(QueryWithout, Appends) {
  std::string out = "/process?";
  append_query_without(out, "strategy=x&a=1&b=2", "strategy");
  EXPECT_EQ(out, "/process?a=1&b=2");
}

}  // namespace
}  // namespace fairlead::routing
