#include <gtest/gtest.h>

#include <string>

#include "core/http/body_framing.hpp"

// The decoder of body_framing.hpp (RFC 9112 section 7.1).
namespace fairlead::http {
namespace {

struct Decoded {
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  bool finished = false;
  bool failed = false;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

void PrintTo(const Decoded& decoded, std::ostream* out) {
  *out << "data '" << decoded.data << "' trailers '" << decoded.trailers << "' consumed " << decoded.consumed
       << (decoded.finished ? " finished" : "") << (decoded.failed ? " failed" : "");
}

Decoded decode_in_pieces(std::string_view raw, std::size_t piece, BodyFraming framing, ChunkLimits limits) {
  BodyDecoder decoder(framing, limits);
  Decoded decoded;
  while (decoded.consumed < raw.size() && !decoder.finished()) {
    const std::string_view bytes = raw.substr(decoded.consumed, piece);
    const Result<BodyDecoder::Step> step = decoder.next(bytes);
    if (!step) {
      EXPECT_EQ(step.error().kind, ErrorKind::malformed);
      EXPECT_FALSE(step.error().detail.empty());
      decoded.failed = true;
      decoded.consumed = 0;  // how far it came depends on the pieces
      return decoded;
    }
    EXPECT_GT(step->consumed, 0u);
    EXPECT_LE(step->consumed, bytes.size());
    decoded.data += step->data;
    decoded.consumed += step->consumed;
  }
  decoded.finished = decoder.finished();
  decoded.trailers = decoder.finished() ? decoder.trailers() : "";
  return decoded;
}

/// The outcome, after holding those of each size of pieces against each other.
Decoded decode(std::string_view raw, BodyFraming framing = {BodyKind::chunked, 0}, ChunkLimits limits = {}) {
  const Decoded whole = decode_in_pieces(raw, raw.size(), framing, limits);
  for (const std::size_t piece : {1u, 2u, 3u, 7u}) {
    EXPECT_EQ(decode_in_pieces(raw, piece, framing, limits), whole) << piece << " bytes at a time of " << raw;
  }
  return whole;
}

bool fails(std::string_view raw, ChunkLimits limits = {}) {
  return decode(raw, {BodyKind::chunked, 0}, limits).failed;
}

TEST(BodyDecoder, IsFinishedAtOnceWithoutABody) {
  EXPECT_TRUE(BodyDecoder().finished());
  EXPECT_TRUE(BodyDecoder({BodyKind::length, 0}).finished());
  EXPECT_FALSE(BodyDecoder({BodyKind::length, 1}).finished());
  EXPECT_FALSE(BodyDecoder({BodyKind::chunked, 0}).finished());
  EXPECT_FALSE(BodyDecoder({BodyKind::until_close, 0}).finished());
}

TEST(BodyDecoder, ConsumesNothingOnceFinished) {
  BodyDecoder decoder;
  const Result<BodyDecoder::Step> step = decoder.next("GET / HTTP/1.1");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->consumed, 0u);
  EXPECT_TRUE(step->data.empty());
}

TEST(BodyDecoder, LeavesWhatStandsBehindALength) {
  const Decoded decoded = decode("hellonext", {BodyKind::length, 5});
  EXPECT_EQ(decoded.data, "hello");
  EXPECT_EQ(decoded.consumed, 5u);
  EXPECT_TRUE(decoded.finished);
}

TEST(BodyDecoder, CountsWhatRemainsOfALength) {
  BodyDecoder decoder({BodyKind::length, 5});
  ASSERT_TRUE(decoder.next("hel"));
  EXPECT_EQ(decoder.remaining(), 2u);
}

TEST(BodyDecoder, ReadsUntilCloseOnlyTillTheStreamEnds) {
  BodyDecoder decoder({BodyKind::until_close, 0});
  const Result<BodyDecoder::Step> step = decoder.next("all of it");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->data, "all of it");
  EXPECT_FALSE(decoder.finished());
  EXPECT_TRUE(decoder.end_of_stream());
  EXPECT_TRUE(decoder.finished());
}

TEST(BodyDecoder, TellsThatABodyWasCutShort) {
  for (const BodyFraming framing : {BodyFraming{BodyKind::length, 9}, BodyFraming{BodyKind::chunked, 0}}) {
    BodyDecoder decoder(framing);
    ASSERT_TRUE(decoder.next("5"));
    EXPECT_FALSE(decoder.end_of_stream());
    EXPECT_FALSE(decoder.finished());
  }
}

TEST(BodyDecoder, TakesTheEndOfStreamBehindAFinishedBody) {
  BodyDecoder decoder({BodyKind::length, 1});
  ASSERT_TRUE(decoder.next("x"));
  EXPECT_TRUE(decoder.end_of_stream());
}

TEST(BodyDecoder, GivesDataAsViewsIntoTheInput) {
  BodyDecoder decoder({BodyKind::chunked, 0});
  const std::string raw = "5\r\nhello\r\n";
  const Result<BodyDecoder::Step> step = decoder.next(raw);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->data.data(), raw.data() + 3);
  EXPECT_EQ(step->consumed, 8u);
}

TEST(BodyDecoder, ReadsChunks) {
  const Decoded decoded = decode("5\r\nhello\r\n00A;x=\"y\"\r\n, 10 bytes\r\n0\r\n\r\nnext");
  EXPECT_EQ(decoded.data, "hello, 10 bytes");
  EXPECT_TRUE(decoded.finished);
  EXPECT_EQ(decoded.consumed, std::string_view("5\r\nhello\r\n00A;x=\"y\"\r\n, 10 bytes\r\n0\r\n\r\n").size());
  EXPECT_EQ(decoded.trailers, "");
}

TEST(BodyDecoder, IsNotFinishedBeforeTheLastByte) {
  const std::string raw = "1\r\nx\r\n0\r\nT: 1\r\n\r\n";
  for (std::size_t size = 0; size < raw.size(); ++size) {
    const Decoded decoded = decode(std::string_view(raw).substr(0, size));
    EXPECT_FALSE(decoded.finished) << size;
    EXPECT_FALSE(decoded.failed) << size;
  }
}

// RFC 9112 section 7.1: sizes

TEST(BodyDecoder, RejectsSizesThatAreNotHexadecimal) {
  for (const char* raw : {"\r\n", "x\r\n", "0x5\r\n", "+5\r\n", "-5\r\n", " 5\r\n", "5 \r\n", "5\t\r\n", "5_0\r\n",
                          "g\r\n", "5.\r\n", ";x\r\n", "5\n", "5\rx", "\xb2\r\n", "5 ;x\r\n"}) {
    EXPECT_TRUE(fails(raw)) << raw;
  }
}

TEST(BodyDecoder, TakesSixteenDigitsAndNotOneMore) {
  EXPECT_FALSE(fails("7FFFffffFFFFffff\r\n"));
  EXPECT_FALSE(fails("0000000000000001\r\nx\r\n"));
  EXPECT_TRUE(fails("00000000000000001"));
  EXPECT_TRUE(fails("10000000000000000"));
}

TEST(BodyDecoder, RejectsSizesThatAreNegativeToOthers) {
  EXPECT_TRUE(fails("8000000000000000"));
  EXPECT_TRUE(fails("FFFFffffFFFFffff"));
}

TEST(BodyDecoder, RejectsChunksWithoutTheirExactLineEnd) {
  for (const char* raw : {"5\r\nhello\n", "5\r\nhello!\r\n", "5\r\nhello\rX", "5\r\nhello\r\r\n", "5\r\nhello0\r\n\r\n",
                          "5\n", "0\n\r\n", "5\r\nhello\n\n"}) {
    EXPECT_TRUE(fails(raw)) << raw;
  }
}

TEST(BodyDecoder, ForgetsTheDigitsOfTheLastChunk) {
  const Decoded decoded = decode("0000000000000001\r\nx\r\n0000000000000001\r\ny\r\n0000000000000000\r\n\r\n");
  EXPECT_EQ(decoded.data, "xy");
  EXPECT_TRUE(decoded.finished);
}

// RFC 9112 section 7.1.1: extensions

TEST(BodyDecoder, SkipsExtensions) {
  EXPECT_EQ(decode("1;a\r\nx\r\n1;a=b;c = \"d;\\\"\"\r\ny\r\n0;last\r\n\r\n").data, "xy");
}

TEST(BodyDecoder, RejectsLineFeedsAndControlsInExtensions) {
  for (const std::string& raw : {std::string("1;a\nx\r\n"), std::string("1;a\rb\r\n"), std::string("1;a\x01\r\n"),
                                 std::string("1;\0\r\n", 5), std::string("1;\x7f\r\n"), std::string("1;\"\n\"\r\n")}) {
    EXPECT_TRUE(fails(raw)) << raw;
  }
}

TEST(BodyDecoder, HoldsTheLimitOfOneChunksExtensions) {
  ChunkLimits limits;
  limits.extension_bytes = 4;
  EXPECT_FALSE(fails("1;abcd\r\n", limits));
  EXPECT_TRUE(fails("1;abcde", limits));
}

TEST(BodyDecoder, HoldsTheLimitOfAllExtensions) {
  ChunkLimits limits;
  limits.extension_bytes_total = 4;
  EXPECT_FALSE(fails("1;ab\r\nx\r\n1;cd\r\nx\r\n", limits));
  EXPECT_TRUE(fails("1;ab\r\nx\r\n1;cde", limits));
}

// RFC 9112 section 7.1.2, RFC 9110 section 6.5: trailers

TEST(BodyDecoder, GivesBackTrailers) {
  const Decoded decoded = decode("0\r\nX-Sum: \t1 2 \r\ny:\r\n\r\n");
  EXPECT_TRUE(decoded.finished);
  EXPECT_EQ(decoded.trailers, "X-Sum: 1 2\r\ny: \r\n");
}

TEST(BodyDecoder, DropsTrailersThatWouldChangeTheMessage) {
  for (const char* name : {"Content-Length", "Transfer-Encoding", "Host", "Authorization", "Set-Cookie", "Content-Type",
                           "Connection", "TE", "Trailer", "Cache-Control", "X-Forwarded-For", "X-Backend-Server",
                           "Proxy-Authorization", "Expect", "Via"}) {
    EXPECT_EQ(decode("0\r\n" + std::string(name) + ": 1\r\nx: 2\r\n\r\n").trailers, "x: 2\r\n") << name;
  }
}

TEST(BodyDecoder, DropsTrailersThatCgiWouldTakeForThose) {
  EXPECT_EQ(decode("0\r\ncontent_length: 1\r\nX_Forwarded_For: 1\r\n\r\n").trailers, "");
}

TEST(BodyDecoder, RejectsTrailersThatAreNoFieldLines) {
  for (const std::string& raw :
       {std::string("0\r\nx\r\n"), std::string("0\r\n: 1\r\n"), std::string("0\r\nx : 1\r\n"),
        std::string("0\r\n x: 1\r\n"), std::string("0\r\nx: 1\n"), std::string("0\r\nx: 1\r\n y\r\n"),
        std::string("0\r\nx: \x01"), std::string("0\r\nx: 1\rb"), std::string("0\r\n\rX"), std::string("0\r\nx: \0", 7),
        std::string("0\r\n\n")}) {
    EXPECT_TRUE(fails(raw)) << raw;
  }
}

TEST(BodyDecoder, HoldsTheLimitsOfTrailers) {
  ChunkLimits limits;
  limits.trailer_fields = 2;
  EXPECT_FALSE(fails("0\r\na: 1\r\nb: 2\r\n\r\n", limits));
  EXPECT_TRUE(fails("0\r\na: 1\r\nb: 2\r\nc: 3\r\n", limits));
  limits.trailer_bytes = 10;
  EXPECT_FALSE(fails("0\r\na: 123\r\n\r\n", limits));
  EXPECT_TRUE(fails("0\r\na: 1234\r\n\r\n", limits));
}

TEST(BodyDecoder, KeepsFailing) {
  BodyDecoder decoder({BodyKind::chunked, 0});
  EXPECT_FALSE(decoder.next("x"));
  EXPECT_FALSE(decoder.next("5\r\n"));
  EXPECT_FALSE(decoder.end_of_stream());
}

}  // namespace
}  // namespace fairlead::http
