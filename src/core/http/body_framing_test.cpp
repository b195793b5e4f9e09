#include "core/http/body_framing.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/http_heads.hpp"

// Where a body ends, as the head tells. The decoder's tests are in body_decoder_test.cpp.
namespace fairlead::http {
namespace {

using testing::ParsedRequest;
using testing::ParsedResponse;

struct Told {
  int code = 0;  ///< of the error, 0 without one
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;

  friend bool operator==(const Told&, const Told&) = default;
};

Told told(const Result<BodyFraming>& framing) {
  return framing ? Told{0, framing->kind, framing->length} : Told{framing.error().code, BodyKind::none, 0};
}

Told request(std::string_view lines, std::string_view version = "1.1") {
  const ParsedRequest parsed("POST / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(lines) + "\r\n");
  EXPECT_EQ(parsed.status, ParseStatus::complete) << lines;
  return told(request_framing(parsed.head));
}

Told response(std::string_view lines, std::string_view status = "200", Method method = Method::get,
              std::string_view version = "1.1") {
  const ParsedResponse parsed("HTTP/" + std::string(version) + " " + std::string(status) + " x\r\n" +
                              std::string(lines) + "\r\n");
  EXPECT_EQ(parsed.status, ParseStatus::complete) << lines;
  return told(response_framing(parsed.head, method));
}

constexpr Told chunked{0, BodyKind::chunked, 0};
constexpr Told none{0, BodyKind::none, 0};
constexpr Told until_close{0, BodyKind::until_close, 0};

// RFC 9112 section 6.3: requests

TEST(RequestFraming, IsNoneWithoutFields) {
  EXPECT_EQ(request(""), none);
}

TEST(RequestFraming, TakesOneLength) {
  EXPECT_EQ(request("Content-Length: 0\r\n"), (Told{0, BodyKind::length, 0}));
  EXPECT_EQ(request("content-length:\t0042 \r\n"), (Told{0, BodyKind::length, 42}));
  EXPECT_EQ(request("Content-Length: 9223372036854775807\r\n"), (Told{0, BodyKind::length, INT64_MAX}));
}

TEST(RequestFraming, RejectsLengthsThatAreNoNumber) {
  for (const char* value :
       {"", "+4", "-4", "0x4", "4a", "4 4", "4,4", "4, 4", "4.0", "\"4\"", "4;", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "99999999999999999999999", "\xb2"}) {
    EXPECT_EQ(request("Content-Length: " + std::string(value) + "\r\n").code, 400) << value;
  }
}

TEST(RequestFraming, RejectsRepeatedLengthsEvenIfEqual) {
  EXPECT_EQ(request("Content-Length: 4\r\nContent-Length: 4\r\n").code, 400);
  EXPECT_EQ(request("Content-Length: 4\r\ncontent-length: 5\r\n").code, 400);
}

TEST(RequestFraming, RejectsTransferEncodingTogetherWithContentLength) {
  for (const char* lines :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: gzip, chunked\r\nContent-Length: 4\r\n", "Transfer-Encoding:\r\nContent-Length: 4\r\n"}) {
    EXPECT_EQ(request(lines).code, 400) << lines;
  }
}

TEST(RequestFraming, TakesChunkedWhateverItsCase) {
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\n"), chunked);
  EXPECT_EQ(request("transfer-encoding:CHUNKED\t\r\n"), chunked);
}

TEST(RequestFraming, RejectsCodingsThatOthersMightReadAsChunked) {
  for (const char* value :
       {"", ",", "chunked,", ",chunked", "chunked, chunked", "chunked, gzip", "gzip", "identity", "xchunked",
        "chunkedx", "\"chunked\"", "chunked;a=b", "chunked chunked", "identity;x, chunked", "chunke\xc4\xb1"}) {
    EXPECT_EQ(request("Transfer-Encoding: " + std::string(value) + "\r\n").code, 400) << value;
  }
}

TEST(RequestFraming, DoesNotImplementOtherCodingsBeforeChunked) {
  EXPECT_EQ(request("Transfer-Encoding: gzip, chunked\r\n").code, 501);
  EXPECT_EQ(request("Transfer-Encoding: identity, chunked\r\n").code, 501);
}

TEST(RequestFraming, RejectsRepeatedTransferEncodings) {
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").code, 400);
  EXPECT_EQ(request("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n").code, 400);
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n").code, 400);
}

TEST(RequestFraming, RejectsTransferEncodingInHttp10) {
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\n", "1.0").code, 400);
  EXPECT_EQ(request("Transfer-Encoding: gzip, chunked\r\n", "1.0").code, 400);
}

TEST(RequestFraming, BlamesTheClient) {
  const ParsedRequest parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n");
  const Result<BodyFraming> framing = request_framing(parsed.head);
  ASSERT_FALSE(framing);
  EXPECT_EQ(framing.error().side, Side::downstream);
  EXPECT_EQ(framing.error().kind, ErrorKind::malformed);
}

// RFC 9112 section 6.3: responses

TEST(ResponseFraming, EndsWithTheConnectionWithoutFields) {
  EXPECT_EQ(response(""), until_close);
}

TEST(ResponseFraming, TakesLengthAndChunked) {
  EXPECT_EQ(response("Content-Length: 7\r\n"), (Told{0, BodyKind::length, 7}));
  EXPECT_EQ(response("Transfer-Encoding: chunked\r\n"), chunked);
}

TEST(ResponseFraming, IsNoneForHeadInterimNoContentAndNotModified) {
  EXPECT_EQ(response("Content-Length: 7\r\n", "200", Method::head), none);
  EXPECT_EQ(response("Transfer-Encoding: chunked\r\n", "200", Method::head), none);
  EXPECT_EQ(response("", "100"), none);
  EXPECT_EQ(response("", "103"), none);
  EXPECT_EQ(response("Content-Length: 7\r\n", "204"), none);
  EXPECT_EQ(response("Content-Length: 7\r\n", "304"), none);
}

TEST(ResponseFraming, RejectsInterimResponsesThatAnnounceABody) {
  EXPECT_EQ(response("Content-Length: 7\r\n", "103").code, 502);
  EXPECT_EQ(response("Transfer-Encoding: chunked\r\n", "100").code, 502);
  EXPECT_EQ(response("Content-Length: 0\r\n", "103"), none);
}

TEST(ResponseFraming, RejectsWhatARequestMayNotSayEither) {
  for (const char* lines :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4, 4\r\n", "Content-Length: \r\n", "Content-Length: -1\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n"}) {
    EXPECT_EQ(response(lines).code, 502) << lines;
    EXPECT_EQ(response(lines, "200", Method::head).code, 502) << lines;
    EXPECT_EQ(response(lines, "304").code, 502) << lines;
  }
}

TEST(ResponseFraming, RejectsTransferEncodingInHttp10) {
  EXPECT_EQ(response("Transfer-Encoding: chunked\r\n", "200", Method::get, "1.0").code, 502);
}

TEST(ResponseFraming, BlamesTheBackend) {
  const ParsedResponse parsed("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
  const Result<BodyFraming> framing = response_framing(parsed.head, Method::get);
  ASSERT_FALSE(framing);
  EXPECT_EQ(framing.error().side, Side::upstream);
}

}  // namespace
}  // namespace fairlead::http
