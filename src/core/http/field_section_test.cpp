#include "core/http/field_section.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/http_heads.hpp"

// RFC 9112 section 5 and RFC 9110 section 5, seen through requests: the section has no other way in.
namespace fairlead::http {
namespace {

using testing::get_with;
using testing::ParsedRequest;
using testing::request_code;

TEST(FieldSection, KeepsNamesAsReceivedAndTrimsValues) {
  const ParsedRequest request(get_with("X-mIxed:\t  v a\tlue \t\r\nEmpty:\r\nBlank:   \r\n"));
  ASSERT_EQ(request.status, ParseStatus::complete);
  ASSERT_EQ(request.head.fields.size(), 4u);
  EXPECT_EQ(request.head.fields[1].name, "X-mIxed");
  EXPECT_EQ(request.head.fields[1].value, "v a\tlue");
  EXPECT_EQ(request.head.fields[2].value, "");
  EXPECT_EQ(request.head.fields[3].value, "");
}

TEST(FieldSection, TakesEveryTokenByteInNamesAndNoOther) {
  const std::string token = "!#$%&'*+-.^_`|~";
  for (int c = 1; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool allowed = token.find(byte) != std::string::npos || (c < 0x80 && std::isalnum(c) != 0);
    if (byte == ':') {
      continue;  // ends the name
    }
    EXPECT_EQ(request_code(get_with(std::string("x") + byte + "y: 1\r\n")), allowed ? 0 : 400) << c;
  }
  EXPECT_EQ(request_code(get_with(std::string("x\0y: 1\r\n", 8))), 400);
}

TEST(FieldSection, TakesTabsAndObsTextInValuesAndNoControls) {
  for (const std::size_t before : {0u, 15u, 16u, 40u}) {
    for (int c = 0; c < 256; ++c) {
      if (c == '\r') {
        continue;  // see RejectsBareCarriageReturns
      }
      const bool allowed = c == '\t' || (c >= 0x20 && c != 0x7f);
      const std::string value = std::string(before, 'v') + static_cast<char>(c) + "tail";
      EXPECT_EQ(request_code(get_with("x: " + value + "\r\n")), allowed ? 0 : 400) << c << " behind " << before;
    }
  }
}

TEST(FieldSection, RejectsBareCarriageReturns) {
  EXPECT_EQ(request_code(get_with("x: a\rb\r\n")), 400);
  EXPECT_EQ(request_code(get_with("x: a\r\r\n")), 400);
  EXPECT_EQ(request_code("GET / HTTP/1.1\r\nHost: a\r\n\rX"), 400);
}

TEST(FieldSection, RejectsBareLineFeedsAtOnce) {
  const ParsedRequest request("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n");
  EXPECT_EQ(request.code(), 400);
  EXPECT_EQ(request.fed, std::string_view("GET / HTTP/1.1\r\nHost: a\n").size());
  EXPECT_EQ(request_code("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400);
}

TEST(FieldSection, RejectsFoldedLines) {
  EXPECT_EQ(request_code(get_with("x: a\r\n b\r\n")), 400);
  EXPECT_EQ(request_code(get_with("x: a\r\n\tb\r\n")), 400);
  EXPECT_EQ(request_code("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
}

TEST(FieldSection, RejectsBlanksAroundNames) {
  for (const char* line : {"x : 1\r\n", "x\t: 1\r\n", "x y: 1\r\n", " x: 1\r\n", "Transfer-Encoding : chunked\r\n"}) {
    EXPECT_EQ(request_code(get_with(line)), 400) << line;
  }
}

TEST(FieldSection, RejectsEmptyNamesAndLinesWithoutColon) {
  for (const char* line : {": 1\r\n", ":\r\n", "x\r\n", "x\n"}) {
    EXPECT_EQ(request_code(get_with(line)), 400) << line;
  }
}

TEST(FieldSection, TakesAsManyFieldsAsAllowedAndNotOneMore) {
  HeadLimits limits;
  limits.fields = 3;
  EXPECT_EQ(request_code(get_with("a: 1\r\nb: 2\r\n"), limits), 0);
  EXPECT_EQ(request_code(get_with("a: 1\r\nb: 2\r\nc: 3\r\n"), limits), 431);
}

TEST(FieldSection, TakesLinesAsLongAsAllowedAndNotOneByteMore) {
  HeadLimits limits;
  limits.line = 20;
  EXPECT_EQ(request_code(get_with("x: " + std::string(17, 'v') + "\r\n"), limits), 0);
  EXPECT_EQ(request_code(get_with("x: " + std::string(18, 'v') + "\r\n"), limits), 431);
  EXPECT_EQ(request_code(get_with(std::string(19, 'n') + ":\r\n"), limits), 0);
  EXPECT_EQ(request_code(get_with(std::string(20, 'n') + ":\r\n"), limits), 431);
}

TEST(FieldSection, HoldsItsLineLimitWhenNoLineEndEverComes) {
  HeadLimits limits;
  limits.line = 20;
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(request_code(start + "x: " + std::string(18, 'v'), limits), 431);
  EXPECT_EQ(request_code(start + std::string(21, 'n'), limits), 431);
}

}  // namespace
}  // namespace fairlead::http
