#include <gtest/gtest.h>

#include <string>

#include "core/http/head_parser.hpp"
#include "support/http_heads.hpp"

namespace fairlead::http {
namespace {

using testing::ParsedResponse;
using testing::response_code;

std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nServer: x\r\n\r\n";
}

TEST(ResponseHeadParser, ReadsAWholeResponse) {
  const ParsedResponse response("HTTP/1.1 404 Not  Found\r\nServer: x\r\nContent-Length: 3\r\n\r\nabc");
  ASSERT_EQ(response.status, ParseStatus::complete);
  EXPECT_EQ(response.head.status, 404);
  EXPECT_EQ(response.head.reason, "Not  Found");
  EXPECT_EQ(response.head.version, Version::http_1_1);
  EXPECT_TRUE(response.head.keep_alive);
  EXPECT_EQ(response.head.fields.size(), 2u);
  EXPECT_EQ(response.head.size, response.bytes.size() - 3);
}

TEST(ResponseHeadParser, TakesAStatusLineWithoutReason) {
  EXPECT_EQ(ParsedResponse("HTTP/1.1 200\r\n\r\n").head.status, 200);
  EXPECT_EQ(ParsedResponse("HTTP/1.1 200 \r\n\r\n").head.reason, "");
}

TEST(ResponseHeadParser, TakesTabsAndObsTextInReasons) {
  EXPECT_EQ(ParsedResponse(with_line("HTTP/1.1 200 \tgr\xfc\xdf")).head.reason, "\tgr\xfc\xdf");
}

TEST(ResponseHeadParser, RejectsStatusLinesThatAreNone) {
  for (const char* line : {"HTTP/1.1 20",
                           "HTTP/1.1 2000",
                           "HTTP/1.1 200OK",
                           "HTTP/1.1  200 OK",
                           "HTTP/1.1 099 x",
                           "HTTP/1.1 600 x",
                           "HTTP/1.1 2x0 x",
                           "HTTP/1.1 -20 x",
                           "HTTP/1.1",
                           "HTTP/2.0 200 OK",
                           "HTTP/1.2 200 OK",
                           "HTTP/0.9 200 OK",
                           "http/1.1 200 OK",
                           "ICY 200 OK",
                           "HTTP/1.1\t200 OK",
                           " HTTP/1.1 200 OK",
                           "",
                           "<html>",
                           "HTTP/1.1 200\tOK",
                           "HTTP/1.1 200 O\x01K",
                           "HTTP/1.1 200 O\nK"}) {
    EXPECT_EQ(response_code(with_line(line)), 502) << line;
  }
}

TEST(ResponseHeadParser, RejectsBareLineEnds) {
  EXPECT_EQ(response_code("HTTP/1.1 200 OK\nServer: x\r\n\r\n"), 502);
  EXPECT_EQ(response_code("HTTP/1.1 200 OK\rServer: x\r\n\r\n"), 502);
  EXPECT_EQ(response_code("HTTP/1.1 200\n\r\n"), 502);
}

TEST(ResponseHeadParser, RejectsWhatAFieldSectionRejects) {
  for (const char* lines : {" folded: 1", "x : 1", ": 1", "x", "x: a\r\n b", "x: \x01"}) {
    EXPECT_EQ(response_code("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n\r\n"), 502) << lines;
  }
}

TEST(ResponseHeadParser, BlamesTheBackend) {
  const ParsedResponse response("nonsense");
  EXPECT_EQ(response.parser.error().side, Side::upstream);
  EXPECT_EQ(response.parser.error().kind, ErrorKind::malformed);
  const ParsedResponse folded("HTTP/1.1 200 OK\r\n x");
  EXPECT_EQ(folded.parser.error().side, Side::upstream);
}

TEST(ResponseHeadParser, HoldsTheSameLimits) {
  HeadLimits limits;
  limits.line = 20;
  EXPECT_EQ(response_code("HTTP/1.1 200 1234567\r\n\r\n", limits), 0);
  EXPECT_EQ(response_code("HTTP/1.1 200 12345678\r\n\r\n", limits), 502);
  limits.fields = 1;
  const ParsedResponse fields("HTTP/1.1 200 OK\r\na: 1\r\nb: 1\r\n\r\n", limits);
  EXPECT_EQ(fields.code(), 502);
  EXPECT_EQ(fields.parser.error().kind, ErrorKind::too_large);
  limits.head = 18;
  EXPECT_EQ(response_code("HTTP/1.1 200 OK\r\n\r\n", limits), 502);
}

TEST(ResponseHeadParser, ReadsWhetherTheConnectionPersists) {
  EXPECT_FALSE(ParsedResponse("HTTP/1.0 200 OK\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(ParsedResponse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(ParsedResponse("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").head.keep_alive);
}

TEST(ResponseHeadParser, DoesNotTrustAConnectionBehindA204ThatAnnouncesABody) {
  EXPECT_TRUE(ParsedResponse("HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(ParsedResponse("HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(ParsedResponse("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n").head.keep_alive);
}

TEST(ResponseHeadParser, ReadsTheSameAgainAfterARestart) {
  ParsedResponse response("HTTP/1.1 200 OK\r\nX: y\r\n\r\n");
  response.parser.restart();
  ASSERT_EQ(response.parser.parse(response.bytes), ParseStatus::complete);
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.head.fields.size(), 1u);
}

}  // namespace
}  // namespace fairlead::http
