#include "core/http/forwarding.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/http_heads.hpp"

// Requests on their way to a backend. Answers are in forwarding_response_test.cpp.
namespace fairlead::http {
namespace {

using testing::get_with;
using testing::ParsedRequest;

constexpr ClientOrigin stranger{"192.0.2.1", false, "http"};
constexpr ClientOrigin trusted_proxy{"192.0.2.1", true, "http"};

std::string forwarded(std::string_view bytes, const ClientOrigin& client = stranger) {
  const ParsedRequest request(bytes);
  EXPECT_EQ(request.status, ParseStatus::complete) << request.parser.error().detail;
  const Result<BodyFraming> framing = request_framing(request.head);
  EXPECT_TRUE(framing);
  const UpstreamTarget target{request.head.path, request.head.query, request.head.has_query, "backend:1"};
  std::string out;
  append_upstream_request(out, request.head, target, framing.value_or(BodyFraming{}), client);
  return out;
}

/// The values of all fields with that name, each ended by a line feed.
std::string values(std::string_view head, std::string_view name) {
  const ParsedRequest request(head);
  EXPECT_EQ(request.status, ParseStatus::complete) << request.parser.error().detail;
  std::string found;
  for (const Field& field : request.head.fields) {
    if (equals_ignoring_case(field.name, name)) {
      found.append(field.value).append("\n");
    }
  }
  return found;
}

TEST(UpstreamRequest, IsWrittenAnewInOneOrder) {
  EXPECT_EQ(forwarded("GET /a?b HTTP/1.1\r\nX-One:  1 \r\nHost: a:1\r\nx-TWO:2\r\n\r\n"),
            "GET /a?b HTTP/1.1\r\n"
            "Host: a:1\r\n"
            "X-One: 1\r\n"
            "x-TWO: 2\r\n"
            "X-Forwarded-For: 192.0.2.1\r\n"
            "X-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: a:1\r\n"
            "Via: 1.1 fairlead\r\n"
            "\r\n");
}

TEST(UpstreamRequest, GoesWhereTheTargetSays) {
  const ParsedRequest request("GET /from?x HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string out;
  append_upstream_request(out, request.head, {"/to", "", false, "b"}, {}, stranger);
  EXPECT_EQ(out.substr(0, out.find('\r')), "GET /to HTTP/1.1");
  out.clear();
  append_upstream_request(out, request.head, {"/to", "", true, "b"}, {}, stranger);
  EXPECT_EQ(out.substr(0, out.find('\r')), "GET /to? HTTP/1.1");
}

TEST(UpstreamRequest, PassesUnknownMethodsAsTheyCame) {
  EXPECT_EQ(forwarded("Purge / HTTP/1.1\r\nHost: a\r\n\r\n").substr(0, 8), "Purge / ");
}

// RFC 9112 section 3.2.2, 3.2

TEST(UpstreamRequest, CarriesTheAuthorityOfAnAbsoluteTarget) {
  const std::string out = forwarded("GET http://b:2/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(out.substr(0, out.find('\r')), "GET /x HTTP/1.1");
  EXPECT_EQ(values(out, "Host"), "b:2\n");
  EXPECT_EQ(values(out, "X-Forwarded-Host"), "b:2\n");
}

TEST(UpstreamRequest, GivesHttp10WithoutHostThatOfTheBackend) {
  const std::string out = forwarded("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(out.substr(0, out.find('\r')), "GET / HTTP/1.1");
  EXPECT_EQ(values(out, "Host"), "backend:1\n");
  EXPECT_EQ(values(out, "X-Forwarded-Host"), "");
  EXPECT_EQ(values(out, "Via"), "1.0 fairlead\n");
}

TEST(UpstreamRequest, GivesAnEmptyHostThatOfTheBackend) {
  EXPECT_EQ(values(forwarded("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "Host"), "backend:1\n");
}

// RFC 9110 section 7.6.1

TEST(UpstreamRequest, LeavesHopByHopFieldsBehind) {
  for (const char* line : {"Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
                           "Proxy-Authorization: Basic x", "Proxy-Authenticate: Basic", "TE: trailers", "Trailer: x",
                           "Upgrade: h2c", "HTTP2-Settings: AAA"}) {
    const std::string name(line, std::string_view(line).find(':'));
    EXPECT_EQ(values(forwarded(get_with(std::string(line) + "\r\n")), name), "") << line;
  }
}

TEST(UpstreamRequest, LeavesNominatedFieldsBehind) {
  const std::string out = forwarded(get_with("X-A: 1\r\nConnection: close, x-a,X-b\r\nX-B: 2\r\nX-C: 3\r\n"));
  EXPECT_EQ(values(out, "X-A"), "");
  EXPECT_EQ(values(out, "X-B"), "");
  EXPECT_EQ(values(out, "X-C"), "3\n");
}

TEST(UpstreamRequest, IgnoresNominationsOfHostFramingAndItsOwnFields) {
  const std::string out = forwarded(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
      "Connection: Host, Content-Length, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Via, Expect\r\n\r\n");
  EXPECT_EQ(values(out, "Host"), "a\n");
  EXPECT_EQ(values(out, "Content-Length"), "3\n");
  EXPECT_EQ(values(out, "X-Forwarded-For"), "192.0.2.1\n");
  EXPECT_EQ(values(out, "X-Forwarded-Host"), "a\n");
  EXPECT_EQ(values(out, "X-Forwarded-Proto"), "http\n");
  EXPECT_EQ(values(out, "Via"), "1.1 fairlead\n");
  EXPECT_EQ(values(out, "Expect"), "100-continue\n");
}

TEST(UpstreamRequest, KeepsTheTrailerFieldWithAChunkedBody) {
  const std::string out = forwarded(get_with("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"));
  EXPECT_EQ(values(out, "Trailer"), "X-Sum\n");
}

TEST(UpstreamRequest, PassesExpectOfHttp11Only) {
  EXPECT_EQ(values(forwarded(get_with("Expect: 100-continue\r\n")), "Expect"), "100-continue\n");
  EXPECT_EQ(values(forwarded("GET / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"), "Expect"), "");
}

// RFC 9110 section 7.6.3

TEST(UpstreamRequest, AppendsToVia) {
  EXPECT_EQ(values(forwarded(get_with("Via: 1.0 x, 1.1 y\r\nvia: 1.1 z\r\n")), "Via"),
            "1.0 x, 1.1 y, 1.1 z, 1.1 fairlead\n");
}

// X-Forwarded-*

TEST(UpstreamRequest, ReplacesWhatAStrangerSaysAboutTheClient) {
  const std::string out =
      forwarded(get_with("X-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: https\r\n"
                         "X-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\n"));
  EXPECT_EQ(values(out, "X-Forwarded-For"), "192.0.2.1\n");
  EXPECT_EQ(values(out, "X-Forwarded-Proto"), "http\n");
  EXPECT_EQ(values(out, "X-Forwarded-Host"), "a\n");
  EXPECT_EQ(values(out, "Forwarded"), "");
}

TEST(UpstreamRequest, KeepsAndAppendsToWhatATrustedProxySays) {
  const std::string out =
      forwarded(get_with("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nX-Forwarded-Proto: https\r\n"
                         "X-Forwarded-Host: shop\r\nForwarded: for=6.6.6.6\r\n"),
                trusted_proxy);
  EXPECT_EQ(values(out, "X-Forwarded-For"), "6.6.6.6, 7.7.7.7, 192.0.2.1\n");
  EXPECT_EQ(values(out, "X-Forwarded-Proto"), "https\n");
  EXPECT_EQ(values(out, "X-Forwarded-Host"), "shop\n");
  EXPECT_EQ(values(out, "Forwarded"), "for=6.6.6.6\n");
}

TEST(UpstreamRequest, TakesNoOtherXForwardedFieldFromAStranger) {
  const std::string told = "X-Forwarded-Port: 443\r\nx-forwarded-prefix: /a\r\nX_Forwarded_Ssl: on\r\n";
  for (const char* name : {"X-Forwarded-Port", "x-forwarded-prefix", "X_Forwarded_Ssl"}) {
    EXPECT_EQ(values(forwarded(get_with(told)), name), "") << name;
  }
  EXPECT_EQ(values(forwarded(get_with(told), trusted_proxy), "X-Forwarded-Port"), "443\n");
  EXPECT_EQ(values(forwarded(get_with(told), trusted_proxy), "X_Forwarded_Ssl"), "");
}

TEST(UpstreamRequest, FillsInWhatATrustedProxyLeavesOut) {
  const std::string out = forwarded(get_with("X-Forwarded-For:\r\n"), trusted_proxy);
  EXPECT_EQ(values(out, "X-Forwarded-For"), "192.0.2.1\n");
  EXPECT_EQ(values(out, "X-Forwarded-Proto"), "http\n");
  EXPECT_EQ(values(out, "X-Forwarded-Host"), "a\n");
}

TEST(UpstreamRequest, LeavesNamesBehindThatCgiWouldTakeForThose) {
  for (const char* name : {"X_Forwarded_For", "x-forwarded_for", "Content_Length", "TRANSFER_ENCODING", "Keep_Alive"}) {
    EXPECT_EQ(values(forwarded(get_with(std::string(name) + ": 1\r\n")), name), "") << name;
  }
  EXPECT_EQ(values(forwarded(get_with("my_field: 1\r\n")), "my_field"), "1\n");
}

// RFC 9110 section 8.6, RFC 9112 section 6

TEST(UpstreamRequest, WritesTheFramingAnew) {
  EXPECT_EQ(values(forwarded(get_with("content-length: 007\r\n")), "Content-Length"), "7\n");
  const std::string out = forwarded(get_with("Transfer-Encoding: CHUNKED\r\n"));
  EXPECT_EQ(values(out, "Transfer-Encoding"), "chunked\n");
  EXPECT_EQ(values(out, "Content-Length"), "");
}

TEST(UpstreamRequest, SaysThatThereIsNoContentWhereSomeIsExpected) {
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    EXPECT_EQ(values(forwarded(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n"), "Content-Length"), "0\n");
  }
  for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS", "PURGE"}) {
    EXPECT_EQ(values(forwarded(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n"), "Content-Length"), "");
  }
}

TEST(ChunkSize, IsHexadecimal) {
  std::string out = "x";
  append_chunk_size(out, 0);
  append_chunk_size(out, 255);
  append_chunk_size(out, UINT64_MAX);
  EXPECT_EQ(out, "x0\r\nff\r\nffffffffffffffff\r\n");
}

}  // namespace
}  // namespace fairlead::http
