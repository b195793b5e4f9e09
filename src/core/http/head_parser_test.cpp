#include "core/http/head_parser.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/http_heads.hpp"

// Requests. Responses are in head_parser_response_test.cpp, field lines in field_section_test.cpp.
namespace fairlead::http {
namespace {

using testing::get_with;
using testing::ParsedRequest;
using testing::request_code;

std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: a\r\n\r\n";
}

TEST(RequestHeadParser, ReadsAWholeRequest) {
  const ParsedRequest request("GET /a/b?x=1&y HTTP/1.1\r\nHost: example.com:80\r\nAccept: */*\r\n\r\nbody");
  ASSERT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.head.method, Method::get);
  EXPECT_EQ(request.head.method_text, "GET");
  EXPECT_EQ(request.head.target, "/a/b?x=1&y");
  EXPECT_EQ(request.head.path, "/a/b");
  EXPECT_EQ(request.head.query, "x=1&y");
  EXPECT_TRUE(request.head.has_query);
  EXPECT_EQ(request.head.authority, "example.com:80");
  EXPECT_EQ(request.head.version, Version::http_1_1);
  EXPECT_TRUE(request.head.keep_alive);
  EXPECT_FALSE(request.head.expects_continue);
  EXPECT_EQ(request.head.size, request.bytes.size() - 4);
}

TEST(RequestHeadParser, IsIncompleteUntilTheLastByte) {
  const std::string bytes = get_with("");
  const ParsedRequest request(bytes);
  EXPECT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.fed, bytes.size());
}

TEST(RequestHeadParser, KeepsItsAnswerWhenAskedAgain) {
  ParsedRequest good(get_with(""));
  EXPECT_EQ(good.parser.parse(good.bytes), ParseStatus::complete);
  ParsedRequest bad("GET  /");
  EXPECT_EQ(bad.parser.parse(bad.bytes), ParseStatus::failed);
}

TEST(RequestHeadParser, ReadsTheSameAgainAfterARestart) {
  ParsedRequest request(get_with("X: y\r\n"));
  const std::string moved = request.bytes;
  request.parser.restart();
  ASSERT_EQ(request.parser.parse(moved), ParseStatus::complete);
  ASSERT_EQ(request.head.fields.size(), 2u);
  EXPECT_EQ(request.head.fields[1].value.data(), moved.data() + moved.find('y'));
}

// RFC 9112 section 2.2

TEST(RequestHeadParser, SkipsAFewEmptyLinesBeforeTheRequestLine) {
  const ParsedRequest request("\r\n\r\n" + get_with(""));
  EXPECT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.head.size, request.bytes.size());
  EXPECT_EQ(request_code("\r\n\r\n\r\n\r\n\r\n" + get_with("")), 400);
}

TEST(RequestHeadParser, HasNotStartedBeforeTheRequestLine) {
  EXPECT_FALSE(ParsedRequest("").parser.started());
  EXPECT_FALSE(ParsedRequest("\r\n\r").parser.started());
  EXPECT_TRUE(ParsedRequest("\r\nG").parser.started());
}

TEST(RequestHeadParser, RejectsBareLineEndsAroundTheRequestLine) {
  EXPECT_EQ(request_code("\n" + get_with("")), 400);
  EXPECT_EQ(request_code("\rGET / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(request_code("GET / HTTP/1.1\rHost: a\r\n\r\n"), 400);
}

TEST(RequestHeadParser, TellsFaultsAtTheFirstByteThatShowsThem) {
  for (const std::string bytes : {"GET / HTTP/1.1\n", "GET /\r", "GET /\n", "GET  ", "GET\t", " ", "\x16", "GET /\x01",
                                  "GET / HTTX", "GET / HTTP/3", "GET {", "CONNECT "}) {
    const ParsedRequest request(bytes + "tail");
    EXPECT_EQ(request.status, ParseStatus::failed) << bytes;
    EXPECT_LE(request.fed, bytes.size() + (bytes.back() == '3' ? 2 : 0)) << bytes;
  }
}

// RFC 9112 section 3

TEST(RequestHeadParser, RejectsRequestLinesThatAreNotMethodTargetVersion) {
  for (const char* line : {"GET /", "GET / ", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1",
                           "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "G@T / HTTP/1.1",
                           "(GET) / HTTP/1.1", "GET/ HTTP/1.1", "GET / a HTTP/1.1", "/ HTTP/1.1"}) {
    EXPECT_EQ(request_code(with_line(line)), 400) << line;
  }
}

TEST(RequestHeadParser, PassesMethodsThatItDoesNotKnow) {
  const ParsedRequest request("PURGE / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.head.method, Method::other);
  EXPECT_EQ(request.head.method_text, "PURGE");
}

TEST(RequestHeadParser, DoesNotImplementOverlongMethodsAndTunnels) {
  EXPECT_EQ(request_code(with_line(std::string(32, 'M') + " / HTTP/1.1")), 0);
  EXPECT_EQ(request_code(std::string(33, 'M')), 501);
  EXPECT_EQ(request_code("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
}

TEST(RequestHeadParser, SpeaksHttp11AndHttp10Only) {
  EXPECT_EQ(request_code(with_line("GET / HTTP/1.0")), 0);
  for (const char* version : {"HTTP/0.9", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/3.0"}) {
    EXPECT_EQ(request_code(with_line(std::string("GET / ") + version)), 505) << version;
  }
  for (const char* version : {"http/1.1", "HTTP/1", "HTTP/1.", "HTTP/11", "HTTP/1.10", "HTTP/01.1", "HTTP/1,1",
                              "HTTP 1.1", "HTTPS/1.1", "HTTP/ 1.1", "HTTP/1.x", "HTTP/2"}) {
    EXPECT_EQ(request_code(with_line(std::string("GET / ") + version)), 400) << version;
  }
}

// RFC 9112 section 3.2: targets

TEST(RequestHeadParser, TellsAnEmptyQueryFromNone) {
  const ParsedRequest with("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(with.head.has_query);
  EXPECT_EQ(with.head.query, "");
  EXPECT_EQ(with.head.path, "/a");
  EXPECT_FALSE(ParsedRequest(get_with("")).head.has_query);
}

TEST(RequestHeadParser, SplitsAtTheFirstQuestionMark) {
  const ParsedRequest request("GET /a?b?c=/d HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(request.head.path, "/a");
  EXPECT_EQ(request.head.query, "b?c=/d");
}

TEST(RequestHeadParser, LetsTheAuthorityOfAnAbsoluteTargetWin) {
  const ParsedRequest request("GET HTTP://b:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.head.authority, "b:81");
  EXPECT_EQ(request.head.path, "/x");
  EXPECT_EQ(request.head.query, "y");
  EXPECT_EQ(request.head.target, "HTTP://b:81/x?y");
}

TEST(RequestHeadParser, GivesAnAbsoluteTargetWithoutPathTheRoot) {
  const ParsedRequest plain("GET http://b HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(plain.head.path, "/");
  const ParsedRequest query("GET https://[::1]:1?q HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(query.head.path, "/");
  EXPECT_EQ(query.head.query, "q");
  EXPECT_EQ(query.head.authority, "[::1]:1");
}

TEST(RequestHeadParser, WantsAHostBesideAnAbsoluteTarget) {
  EXPECT_EQ(request_code("GET http://b/ HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(request_code("GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
}

TEST(RequestHeadParser, RejectsAbsoluteTargetsThatAreNotHttp) {
  for (const char* target :
       {"http:/b", "http:b", "http://", "http:///x", "http://?", "ftp://b/", "http://u@b/", "http://u:p@b/",
        "http://b:x/", "httpx://b/", "b:80", "b", "b/", "http://b,c/", "//b/x:"}) {
    const bool origin_form = target[0] == '/';
    EXPECT_EQ(request_code(with_line(std::string("GET ") + target + " HTTP/1.1")), origin_form ? 0 : 400) << target;
  }
}

TEST(RequestHeadParser, TakesTheAsteriskWithOptionsOnly) {
  const ParsedRequest request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.head.path, "*");
  EXPECT_EQ(request_code(with_line("GET * HTTP/1.1")), 400);
  EXPECT_EQ(request_code(with_line("OPTIONS *x HTTP/1.1")), 400);
  EXPECT_EQ(request_code(with_line("OPTIONS *?x HTTP/1.1")), 400);
}

TEST(RequestHeadParser, TurnsOptionsOfAWholeServerIntoTheAsterisk) {
  EXPECT_EQ(ParsedRequest("OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n").head.path, "*");
  EXPECT_EQ(ParsedRequest("OPTIONS http://b/ HTTP/1.1\r\nHost: b\r\n\r\n").head.path, "/");
}

TEST(RequestHeadParser, RefusesTargetBytesThatNoBrowserSends) {
  for (int c = 0; c < 256; ++c) {
    const bool refused =
        c <= 0x20 || c >= 0x7f || std::string_view("#\"<>").find(static_cast<char>(c)) != std::string_view::npos;
    const std::string byte(1, static_cast<char>(c));
    EXPECT_EQ(request_code(with_line("GET /a" + byte + "b HTTP/1.1")), refused || c == '\\' ? 400 : 0) << c;
    EXPECT_EQ(request_code(with_line("GET /?a" + byte + "b HTTP/1.1")), refused ? 400 : 0) << c;
  }
}

TEST(RequestHeadParser, LeavesPercentEscapesAsTheyAre) {
  EXPECT_EQ(ParsedRequest("GET /%00%2e%zz HTTP/1.1\r\nHost: a\r\n\r\n").head.path, "/%00%2e%zz");
}

TEST(RequestHeadParser, TakesTargetsAsLongAsAllowedAndNotOneByteMore) {
  HeadLimits limits;
  limits.target = 10;
  EXPECT_EQ(request_code(with_line("GET /12345678? HTTP/1.1"), limits), 0);
  EXPECT_EQ(request_code(with_line("GET /123456789? HTTP/1.1"), limits), 414);
  EXPECT_EQ(request_code("GET /1?3456789x", limits), 414);
}

// RFC 9112 section 3.2, RFC 9110 section 7.2: Host

TEST(RequestHeadParser, WantsExactlyOneHostInHttp11) {
  EXPECT_EQ(request_code("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(request_code(get_with("Host: a\r\n")), 400);
  EXPECT_EQ(request_code(get_with("hOST: b\r\n")), 400);
}

TEST(RequestHeadParser, RefusesHostsThatAreNone) {
  for (const char* host : {"a b", "a,b", "a/b", "u@a", "a:x", "http://a"}) {
    EXPECT_EQ(request_code("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
  }
}

TEST(RequestHeadParser, TakesAnEmptyHost) {
  const ParsedRequest request("GET / HTTP/1.1\r\nHost:\r\n\r\n");
  ASSERT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.head.authority, "");
}

TEST(RequestHeadParser, LetsHttp10DoWithoutHost) {
  const ParsedRequest request("GET / HTTP/1.0\r\n\r\n");
  ASSERT_EQ(request.status, ParseStatus::complete);
  EXPECT_EQ(request.head.authority, "");
  EXPECT_EQ(request_code("GET / HTTP/1.0\r\nHost:\r\n\r\n"), 0);
  EXPECT_EQ(request_code("GET / HTTP/1.0\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(request_code("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
}

// RFC 9112 section 9.3, RFC 9110 section 10.1.1

TEST(RequestHeadParser, ReadsWhetherTheConnectionPersists) {
  EXPECT_TRUE(ParsedRequest(get_with("")).head.keep_alive);
  EXPECT_FALSE(ParsedRequest(get_with("Connection: x, Close\r\n")).head.keep_alive);
  EXPECT_FALSE(ParsedRequest("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(ParsedRequest("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST(RequestHeadParser, RefusesMoreConnectionOptionsThanAreLookedAt) {
  std::string options = "o";
  for (int i = 1; i < 64; ++i) {
    options += ",o";
  }
  EXPECT_EQ(request_code(get_with("Connection: " + options + "\r\n")), 0);
  EXPECT_EQ(request_code(get_with("Connection: " + options + ",o\r\n")), 431);
}

TEST(RequestHeadParser, MeetsTheExpectationOf100ContinueAndNoOther) {
  EXPECT_TRUE(ParsedRequest(get_with("Expect: 100-Continue\r\n")).head.expects_continue);
  EXPECT_EQ(request_code(get_with("Expect: 100-continue, more\r\n")), 417);
  EXPECT_EQ(request_code(get_with("Expect: 100-continue=1\r\n")), 417);
}

TEST(RequestHeadParser, IgnoresTheExpectationOfHttp10) {
  EXPECT_FALSE(ParsedRequest("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").head.expects_continue);
}

// Limits of the whole head

TEST(RequestHeadParser, TakesHeadsAsLargeAsAllowedAndNotOneByteMore) {
  const std::string bytes = get_with("x: 123456789\r\n");
  HeadLimits limits;
  limits.head = bytes.size();
  EXPECT_EQ(request_code(bytes + "body", limits), 0);
  limits.head = bytes.size() - 1;
  EXPECT_EQ(request_code(bytes, limits), 431);
}

TEST(RequestHeadParser, NamesTheSideAndTheKindOfAFault) {
  const ParsedRequest malformed("GET  /");
  EXPECT_EQ(malformed.parser.error().kind, ErrorKind::malformed);
  EXPECT_EQ(malformed.parser.error().side, Side::downstream);
  EXPECT_FALSE(malformed.parser.error().detail.empty());
  HeadLimits limits;
  limits.head = 10;
  EXPECT_EQ(ParsedRequest("GET / HTTP/1.1", limits).parser.error().kind, ErrorKind::too_large);
}

}  // namespace
}  // namespace fairlead::http
