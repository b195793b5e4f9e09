#include "proxy/relay.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/relay_bed.hpp"

namespace fairlead::proxy {
namespace {

using http::BodyKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::dechunked;
using testing::Outcome;
using testing::RelayTest;

io::Task<> send_first_only(Relay& relay, std::string_view head, io::Buffer& buffer, Outcome& outcome) {
  const Result<void> done = co_await relay.send_first(head, {}, buffer);
  outcome = done;
}

std::string chunks(std::size_t count, std::string_view text) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) {
    body.append("1\r\n").append(1, text[i % text.size()]).append("\r\n");
  }
  return body;
}

TEST_F(RelayTest, CarriesALengthAsALength) {
  begin(BodyKind::length, 10, false);
  put("01234");
  run();
  EXPECT_EQ(sent(), "HEAD|01234");
  source.far().send("56789");
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  world.settle();
  EXPECT_EQ(sent(), "HEAD|0123456789");
  EXPECT_EQ(relay->data_bytes(), 10U);
}

TEST_F(RelayTest, CarriesALengthInChunks) {
  begin(BodyKind::length, 6, true);
  put("abc");
  run("");
  source.far().send("def");
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(sent(), "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
}

TEST_F(RelayTest, CarriesChunksAsChunks) {
  begin(BodyKind::chunked, 0, true);
  put("3\r\nabc\r\n");
  run("");
  source.far().send("2\r\nde\r\n0\r\n\r\n");
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(dechunked(sent()), "abcde");
}

TEST_F(RelayTest, CarriesChunksAsTheyAreToASinkThatEndsWithItsConnection) {
  begin(BodyKind::chunked, 0, false);
  put("3\r\nabc\r\n");
  run("");
  source.far().send("2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n");
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(sent(), "abcde");
}

TEST_F(RelayTest, CarriesABodyThatEndsWithItsConnectionInChunks) {
  begin(BodyKind::until_close, 0, true);
  run("");
  source.far().send("abc");
  world.settle();
  EXPECT_FALSE(outcome.has_value());
  source.far().end();
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  world.settle();
  EXPECT_EQ(sent(), "3\r\nabc\r\n0\r\n\r\n");
}

TEST_F(RelayTest, CarriesABodyThatEndsWithItsConnectionAsOne) {
  begin(BodyKind::until_close, 0, false);
  put("abc");
  run("");
  source.far().send("def");
  source.far().end();
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  world.settle();
  EXPECT_EQ(sent(), "abcdef");
}

TEST_F(RelayTest, ABodyThatIsAllThereLeavesInOneWrite) {
  sink_peer().stop_reading();
  begin(BodyKind::length, 3, false);
  put("abc");
  run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(sink_peer().pending(), 8U);
}

TEST_F(RelayTest, AMessageWithoutBodyIsItsHead) {
  begin(BodyKind::none, 0, false);
  run();
  ASSERT_TRUE(outcome.has_value());
  world.settle();
  EXPECT_EQ(sent(), "HEAD|");
  EXPECT_TRUE(relay->finished());
}

TEST_F(RelayTest, TheLeadComesBeforeTheBodyOfALength) {
  begin(BodyKind::length, 3, false);
  put("abc");
  run("HEAD|", "lead|");
  world.settle();
  EXPECT_EQ(sent(), "HEAD|lead|abc");
  EXPECT_EQ(relay->data_bytes(), 3U);
}

TEST_F(RelayTest, TheLeadIsPartOfTheFirstChunk) {
  begin(BodyKind::chunked, 0, true);
  put("3\r\nabc\r\n0\r\n\r\n");
  run("", "lead|");
  world.settle();
  EXPECT_EQ(sent(), "8\r\nlead|abc\r\n0\r\n\r\n");
}

TEST_F(RelayTest, TheLeadOfAnEmptyChunkedBodyIsAChunk) {
  begin(BodyKind::chunked, 0, true);
  put("0\r\n\r\n");
  run("", "lead|");
  world.settle();
  EXPECT_EQ(sent(), "5\r\nlead|\r\n0\r\n\r\n");
}

TEST_F(RelayTest, AnEmptyChunkedBodyIsItsLastChunk) {
  begin(BodyKind::chunked, 0, true);
  put("0\r\n\r\n");
  run();
  world.settle();
  EXPECT_EQ(sent(), "HEAD|0\r\n\r\n");
}

TEST_F(RelayTest, TrailersFollowTheLastChunk) {
  begin(BodyKind::chunked, 0, true);
  run("");
  source.far().send("1\r\na\r\n0\r\nX-Sum: 7\r\nContent-Length: 1\r\n\r\n");
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(sent(), "1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n");
}

TEST_F(RelayTest, TrailersThatTrickleInAreWhole) {
  begin(BodyKind::chunked, 0, true);
  run("");
  source.far().send_in_pieces("1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n", 1, milliseconds(5));
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(sent(), "1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n");
}

TEST_F(RelayTest, ByteByByteTheDataAreTheSame) {
  const std::string body = chunks(20, "abcdefg") + "0\r\n\r\n";
  begin(BodyKind::chunked, 0, true);
  run("");
  source.far().send_in_pieces(body, 1, milliseconds(1));
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(dechunked(sent()), "abcdefgabcdefgabcdef");
}

TEST_F(RelayTest, MoreChunksThanPiecesInTheFirstBufferAllPass) {
  begin(BodyKind::chunked, 0, true);
  put(chunks(300, "abcdefg") + "0\r\n\r\n");
  run("");
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(dechunked(sent()).size(), 300U);
  EXPECT_EQ(relay->data_bytes(), 300U);
}

TEST_F(RelayTest, SendFirstUsesTheBufferUpHoweverManyChunksItHolds) {
  begin(BodyKind::chunked, 0, true);
  put(chunks(300, "abcdefg"));
  scope.spawn(send_first_only(*relay, "", buffer, outcome));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(relay->data_bytes(), 300U);
}

class RelayPieces : public RelayTest, public ::testing::WithParamInterface<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(AroundTheLimit, RelayPieces, ::testing::Values(62, 63, 64, 65, 128));

TEST_P(RelayPieces, WithHeadLeadAndTrailersFitAtTheLimitOfPieces) {
  begin(BodyKind::chunked, 0, true);
  put(chunks(GetParam(), "x") + "0\r\nX-Sum: 1\r\n\r\n");
  run("", "lead|");
  ASSERT_TRUE(run_until_done());
  world.settle();
  EXPECT_EQ(dechunked(sent()), "lead|" + std::string(GetParam(), 'x'));
  EXPECT_TRUE(sent().ends_with("0\r\nX-Sum: 1\r\n\r\n"));
}

TEST_F(RelayTest, NothingIsReadWhileAWriteWaits) {
  sink_peer().set_window(4);
  sink_peer().stop_reading();
  begin(BodyKind::length, 100, false);
  put("0123456789");
  run("");
  source.far().send("more");
  world.settle();
  EXPECT_EQ(source.far().unread(), 4U);
  sink_peer().resume_reading();
  world.settle();
  EXPECT_EQ(source.far().unread(), 0U);
  EXPECT_EQ(sent(), "0123456789more");
}

TEST_F(RelayTest, ABodyLargerThanTheBufferPassesThroughASlowSink) {
  const std::string body(100'000, 'x');
  sink_peer().set_window(1'000);
  begin(BodyKind::length, body.size(), false);
  run("");
  source.far().send(body);
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  world.settle();
  EXPECT_EQ(sent(), body);
}

TEST_F(RelayTest, ASinkThatTakesNothingForTooLongEndsIt) {
  sink_peer().set_window(4);
  sink_peer().stop_reading();
  begin(BodyKind::length, 10, false);
  put("0123456789");
  run("");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(outcome->error().side, Side::downstream);
  EXPECT_EQ(fault(), ErrorKind::timed_out);
  EXPECT_FALSE(relay->wrote_nothing());
}

TEST_F(RelayTest, ASourceThatSendsNothingForTooLongEndsIt) {
  begin(BodyKind::length, 10, false);
  run();
  const io::TimePoint began = world.now();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(outcome->error().side, Side::upstream);
  EXPECT_EQ(fault(), ErrorKind::timed_out);
  EXPECT_GE(world.now() - began, seconds(30));
  EXPECT_LT(world.now() - began, seconds(31));
}

TEST_F(RelayTest, EachByteGivesASourceItsTimeAnew) {
  begin(BodyKind::length, 3, false);
  run("");
  source.far().send_in_pieces("abc", 1, seconds(29));
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
}

TEST_F(RelayTest, ALengthThatIsCutShortIsAFault) {
  begin(BodyKind::length, 10, false);
  run();
  source.far().send("abc");
  source.far().end();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::closed);
  EXPECT_EQ(outcome->error().side, Side::upstream);
  EXPECT_FALSE(relay->finished());
}

TEST_F(RelayTest, ChunksThatAreCutShortGetNoLastChunk) {
  begin(BodyKind::chunked, 0, true);
  run("");
  source.far().send("3\r\nabc\r\n");
  source.far().end();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::closed);
  world.settle();
  EXPECT_EQ(dechunked(sent()), "not ended");
}

TEST_F(RelayTest, ABodyThatEndsWithItsConnectionIsBrokenByAReset) {
  begin(BodyKind::until_close, 0, true);
  run("");
  source.far().send("abc");
  world.settle();
  source.far().reset();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::reset);
  EXPECT_EQ(dechunked(sent()), "not ended");
}

TEST_F(RelayTest, ABadChunkOfABackendIsItsFault) {
  begin(BodyKind::chunked, 0, true);
  run("");
  source.far().send("zz\r\n");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::malformed);
  EXPECT_EQ(outcome->error().side, Side::upstream);
  EXPECT_EQ(outcome->error().code, 502);
}

TEST_F(RelayTest, ABadChunkInTheFirstBufferWritesNothing) {
  begin(BodyKind::chunked, 0, true);
  put("zz\r\n");
  run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(fault(), ErrorKind::malformed);
  EXPECT_TRUE(relay->wrote_nothing());
  world.settle();
  EXPECT_EQ(sent(), "");
}

TEST_F(RelayTest, ABodyAsLargeAsItsLimitPasses) {
  begin(BodyKind::chunked, 0, true, 6);
  put("3\r\nabc\r\n");
  run("");
  source.far().send("3\r\ndef\r\n0\r\n\r\n");
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
}

TEST_F(RelayTest, AByteBeyondTheLimitEndsIt) {
  begin(BodyKind::chunked, 0, true, 5);
  put("3\r\nabc\r\n");
  run("");
  source.far().send("3\r\ndef\r\n0\r\n\r\n");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::too_large);
  EXPECT_EQ(outcome->error().code, 413);
  world.settle();
  EXPECT_EQ(sent(), "3\r\nabc\r\n");
}

TEST_F(RelayTest, WhatFollowsTheBodyStaysInTheBuffer) {
  begin(BodyKind::length, 5, false);
  put("abc");
  run("");
  source.far().send("deGET");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(buffer.bytes(), "GET");
  EXPECT_EQ(sent(), "abcde");
}

TEST_F(RelayTest, AFirstWriteThatFailsAtOnceWroteNothing) {
  sink_peer().reset();
  begin(BodyKind::length, 3, false);
  put("abc");
  run();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::reset);
  EXPECT_TRUE(relay->wrote_nothing());
}

TEST_F(RelayTest, AFirstWriteThatFailsHalfwayWroteSomething) {
  sink_peer().set_window(2);
  sink_peer().stop_reading();
  begin(BodyKind::length, 3, false);
  put("abc");
  run();
  sink_peer().reset();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::reset);
  EXPECT_FALSE(relay->wrote_nothing());
}

TEST_F(RelayTest, TheFirstBufferStaysAsItWasSoThatABodyCanBeSentAgain) {
  begin(BodyKind::length, 3, false);
  put("abc");
  const std::size_t before = buffer.position();
  run();
  ASSERT_TRUE(outcome.has_value());
  buffer.restore(before);
  EXPECT_EQ(buffer.bytes(), "abc");
}

TEST_F(RelayTest, ClosingTheSourceEndsAWaitingRelay) {
  begin(BodyKind::length, 3, false);
  run();
  source.stream.close();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::cancelled);
}

TEST_F(RelayTest, AnUnusedBufferIsTakenOnlyWhenBytesAreToBeRead) {
  begin(BodyKind::length, 3, false);
  buffer.reset();
  run();
  source.far().send("abc");
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  EXPECT_EQ(sent(), "HEAD|abc");
}

}  // namespace
}  // namespace fairlead::proxy
