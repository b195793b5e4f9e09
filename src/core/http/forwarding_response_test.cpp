#include <gtest/gtest.h>

#include <string>

#include "core/http/forwarding.hpp"
#include "support/http_heads.hpp"

namespace fairlead::http {
namespace {

using testing::ParsedResponse;

std::string downstream(std::string_view lines, const DownstreamFraming& framing = {BodyKind::length, 3},
                       std::string_view backend = "http://b:1", std::string_view start = "HTTP/1.1 200 OK") {
  const ParsedResponse response(std::string(start) + "\r\n" + std::string(lines) + "\r\n");
  EXPECT_EQ(response.status, ParseStatus::complete) << response.parser.error().detail;
  std::string out;
  append_downstream_response(out, response.head, framing, backend);
  return out;
}

std::string values(std::string_view head, std::string_view name) {
  const ParsedResponse response(head);
  EXPECT_EQ(response.status, ParseStatus::complete) << response.parser.error().detail;
  std::string found;
  for (const Field& field : response.head.fields) {
    if (equals_ignoring_case(field.name, name)) {
      found.append(field.value).append("\n");
    }
  }
  return found;
}

TEST(DownstreamResponse, IsWrittenAnewInOneOrder) {
  EXPECT_EQ(downstream("Server:x\r\nContent-Length: 3\r\nSet-Cookie: a\r\nset-cookie: b\r\n"),
            "HTTP/1.1 200 OK\r\n"
            "Server: x\r\n"
            "Set-Cookie: a\r\n"
            "set-cookie: b\r\n"
            "X-Backend-Server: http://b:1\r\n"
            "Via: 1.1 fairlead\r\n"
            "Content-Length: 3\r\n"
            "\r\n");
}

TEST(DownstreamResponse, SpeaksHttp11WhateverTheBackendSpoke) {
  const std::string out = downstream("", {BodyKind::length, 3}, "", "HTTP/1.0 200");
  EXPECT_EQ(out, "HTTP/1.1 200 \r\nVia: 1.0 fairlead\r\nContent-Length: 3\r\n\r\n");
}

TEST(DownstreamResponse, LeavesHopByHopAndNominatedFieldsBehind) {
  const std::string out = downstream(
      "Connection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: x\r\nUpgrade: h2c\r\n"
      "Proxy-Authenticate: Basic\r\nProxy-Connection: close\r\nTrailer: x\r\nX-Kept: 1\r\n");
  for (const char* name :
       {"Connection", "X-Secret", "Keep-Alive", "Upgrade", "Proxy-Authenticate", "Proxy-Connection", "Trailer"}) {
    EXPECT_EQ(values(out, name), "") << name;
  }
  EXPECT_EQ(values(out, "X-Kept"), "1\n");
}

TEST(DownstreamResponse, ReplacesXBackendServerIfItHasOne) {
  EXPECT_EQ(values(downstream("x-backend-server: evil\r\n"), "X-Backend-Server"), "http://b:1\n");
  EXPECT_EQ(values(downstream("X-Backend-Server: other\r\n", {BodyKind::length, 3}, ""), "X-Backend-Server"),
            "other\n");
}

TEST(DownstreamResponse, AppendsToVia) {
  EXPECT_EQ(values(downstream("Via: 1.1 x\r\n"), "Via"), "1.1 x, 1.1 fairlead\n");
}

TEST(DownstreamResponse, WritesTheFramingThatItIsGiven) {
  const std::string lines = "Content-Length: 9\r\n";
  EXPECT_EQ(values(downstream(lines, {BodyKind::length, 12}), "Content-Length"), "12\n");
  const std::string chunked = downstream(lines, {BodyKind::chunked});
  EXPECT_EQ(values(chunked, "Content-Length"), "");
  EXPECT_EQ(values(chunked, "Transfer-Encoding"), "chunked\n");
  const std::string none = downstream(lines, {BodyKind::none});
  EXPECT_EQ(values(none, "Content-Length"), "");
  EXPECT_EQ(values(none, "Transfer-Encoding"), "");
}

TEST(DownstreamResponse, TellsTheLengthOfABodyThatStaysAway) {
  EXPECT_EQ(values(downstream("", {.kind = BodyKind::none, .told_length = 9}), "Content-Length"), "9\n");
}

TEST(DownstreamResponse, TellsNoLengthInA204) {
  const std::string out =
      downstream("Content-Length: 9\r\n", {.kind = BodyKind::none, .told_length = 9}, "", "HTTP/1.1 204 x");
  EXPECT_EQ(values(out, "Content-Length"), "");
}

TEST(DownstreamResponse, KeepsTheTrailerFieldWithAChunkedBody) {
  EXPECT_EQ(values(downstream("Trailer: X-Sum\r\n", {BodyKind::chunked}), "Trailer"), "X-Sum\n");
}

TEST(DownstreamResponse, SaysCloseWhenItMeansIt) {
  EXPECT_EQ(values(downstream(""), "Connection"), "");
  EXPECT_EQ(values(downstream("", {.kind = BodyKind::length, .close = true}), "Connection"), "close\n");
  EXPECT_EQ(values(downstream("", {BodyKind::until_close}), "Connection"), "close\n");
}

TEST(DownstreamResponse, SaysKeepAliveToHttp10) {
  const DownstreamFraming framing{.kind = BodyKind::length, .client_version = Version::http_1_0};
  EXPECT_EQ(values(downstream("", framing), "Connection"), "keep-alive\n");
  DownstreamFraming closing = framing;
  closing.close = true;
  EXPECT_EQ(values(downstream("", closing), "Connection"), "close\n");
}

std::string dates(std::string_view lines, std::string_view date, std::string_view start = "HTTP/1.1 200 OK") {
  const ParsedResponse response(std::string(start) + "\r\n" + std::string(lines) + "\r\n");
  std::string out;
  append_downstream_response(out, response.head, {.kind = BodyKind::length}, "", date);
  return values(out, "Date");
}

TEST(DownstreamResponse, GetsADateIfItHasNoneRfc9110Section661) {
  EXPECT_EQ(dates("X: 1\r\n", "now"), "now\n");
  EXPECT_EQ(dates("", "now", "HTTP/1.1 304 Not Modified"), "now\n");
  EXPECT_EQ(dates("", "now", "HTTP/1.1 204 No Content"), "now\n");
  EXPECT_EQ(dates("date: then\r\n", "now"), "then\n");
}

TEST(DownstreamResponse, ADateThatWasMeantForUsAloneIsReplaced) {
  EXPECT_EQ(dates("Connection: Date\r\nDate: then\r\n", "now"), "now\n");
}

TEST(DownstreamResponse, WithoutAClockADateIsNotMadeUp) {
  EXPECT_EQ(dates("", ""), "");
}

TEST(DownstreamFraming, AddsTheLeadToALengthAndToOneThatIsOnlyTold) {
  const ParsedResponse response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  const auto framed = [&](BodyFraming framing) {
    return downstream_framing(response.head, framing, Version::http_1_1, 10);
  };
  EXPECT_EQ(framed({BodyKind::length, 3}).length, 13U);
  EXPECT_EQ(framed({BodyKind::none}).told_length, 13U);
}

TEST(DownstreamFraming, ABodyOfUnknownLengthGoesInChunksOrUntilClose) {
  const ParsedResponse response("HTTP/1.1 200 OK\r\n\r\n");
  for (const BodyKind kind : {BodyKind::chunked, BodyKind::until_close}) {
    const DownstreamFraming modern = downstream_framing(response.head, {kind}, Version::http_1_1, 0);
    EXPECT_EQ(modern.kind, BodyKind::chunked);
    EXPECT_FALSE(modern.close);
    const DownstreamFraming old = downstream_framing(response.head, {kind}, Version::http_1_0, 0);
    EXPECT_EQ(old.kind, BodyKind::until_close);
    EXPECT_TRUE(old.close);
  }
}

TEST(InterimResponse, CarriesItsEndToEndFieldsOnly) {
  const ParsedResponse response(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-A\r\nX-A: 1\r\nVia: 1.1 x\r\n\r\n");
  std::string out;
  append_interim_response(out, response.head);
  EXPECT_EQ(out, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nVia: 1.1 x\r\n\r\n");
}

}  // namespace
}  // namespace fairlead::http
