// Bodies that come in bulk: through large buffers of the loop's few.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/http/forwarding.hpp"
#include "support/relay_bed.hpp"

namespace fairlead::proxy {
namespace {

using http::BodyKind;
using std::chrono::seconds;
using testing::dechunked;
using testing::RelayTest;

/// Bodies that are much larger than a buffer, from a source whose kernel has all of it ready.
class RelayInBulk : public RelayTest {
 protected:
  static constexpr std::size_t standard = io::BufferPool::standard_bytes;
  static constexpr std::size_t large = io::BufferPool::large_bytes;
  static constexpr std::size_t much = 8 * large;

  void SetUp() override { source.far().set_receive_window(2 * much); }
  /// Each byte tells its place, so that none can be lost or changed for another.
  static std::string body_of(std::size_t bytes) {
    std::string body(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
      body[i] = static_cast<char>('a' + i % 23);
    }
    return body;
  }
  static std::string in_chunks(std::string_view data, std::size_t chunk_bytes) {
    std::string body;
    while (!data.empty()) {
      const std::string_view chunk = data.substr(0, chunk_bytes);
      http::append_chunk_size(body, chunk.size());
      body.append(chunk).append("\r\n");
      data.remove_prefix(chunk.size());
    }
    return body + "0\r\n\r\n";
  }
  /// How many large buffers nobody has.
  std::size_t large_left() {
    std::vector<io::Buffer> taken;
    do {
      taken.push_back(world.loop().buffers().take_large());
    } while (io::BufferPool::is_large(taken.back()));
    return taken.size() - 1;
  }
  /// Of the source's bytes, how many the relay has read when its sink takes no more.
  std::size_t read_until_stuck(const std::string& bytes) {
    sink_peer().set_window(2 * standard);
    sink_peer().stop_reading();
    source.far().send(bytes);
    world.settle();
    return bytes.size() - source.far().unread();
  }
};

TEST_F(RelayInBulk, ALengthPassesWhole) {
  const std::string body = body_of(much + 12'345);
  begin(BodyKind::length, body.size(), false);
  run("");
  source.far().send(body);
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  EXPECT_EQ(sent(), body);
}

TEST_F(RelayInBulk, ChunksOfEverySizePassWhole) {
  for (const std::size_t chunk_bytes : {1'000UL, standard, large - 1, large, 3 * large}) {
    const std::string body = body_of(much);
    outcome.reset();
    begin(BodyKind::chunked, 0, true);
    run("");
    source.far().send(in_chunks(body, chunk_bytes));
    ASSERT_TRUE(run_until_done());
    EXPECT_TRUE(*outcome);
    EXPECT_EQ(dechunked(sink_peer().take_received()), body);
  }
}

TEST_F(RelayInBulk, ABodyThatEndsWithItsConnectionPassesWhole) {
  const std::string body = body_of(much + 1);
  begin(BodyKind::until_close, 0, true);
  run("");
  source.far().send(body);
  source.far().end();
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  EXPECT_EQ(dechunked(sent()), body);
}

TEST_F(RelayInBulk, ALargeReadFollowsOneThatFilledAStandardBuffer) {
  begin(BodyKind::length, much, false);
  run("");
  EXPECT_EQ(read_until_stuck(body_of(much)), standard + large);
}

TEST_F(RelayInBulk, SoItDoesForLargeChunks) {
  begin(BodyKind::chunked, 0, true);
  run("");
  EXPECT_EQ(read_until_stuck(in_chunks(body_of(much), 4 * large)), standard + large);
}

TEST_F(RelayInBulk, ABodyThatEndsSoonNeedsNoLargeRead) {
  begin(BodyKind::length, 2 * standard - 1, false);
  run("");
  source.far().send(body_of(2 * standard - 1));
  source.far().end();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(buffer.capacity(), standard);
}

TEST_F(RelayInBulk, ASlowSinkHoldsOneLargeBuffer) {
  begin(BodyKind::length, much, false);
  run("");
  read_until_stuck(body_of(much));
  EXPECT_EQ(large_left(), io::BufferPool::large_max - 1);
  sink_peer().resume_reading();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(sent(), body_of(much));
  EXPECT_EQ(large_left(), io::BufferPool::large_max);
}

TEST_F(RelayInBulk, WhoWaitsForMoreHoldsNoLargeBuffer) {
  begin(BodyKind::length, much, false);
  run("");
  source.far().send(body_of(standard + 2 * large));
  world.settle();
  EXPECT_EQ(sent().size(), standard + 2 * large);
  EXPECT_EQ(large_left(), io::BufferPool::large_max);
  source.far().send(body_of(much - standard - 2 * large));
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
}

TEST_F(RelayInBulk, AWaitForMoreHasTheTimeOfARead) {
  begin(BodyKind::length, much, false);
  run("");
  source.far().send(body_of(standard + large));
  world.settle();
  const io::TimePoint began = world.now();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::timed_out);
  EXPECT_EQ(outcome->error().side, Side::upstream);
  EXPECT_LT(world.now() - began, seconds(31));
}

TEST_F(RelayInBulk, WhatTricklesInIsReadIntoAStandardBufferAgain) {
  begin(BodyKind::length, much, false);
  run("");
  source.far().send(body_of(standard + 100));
  world.settle();
  source.far().send("more");
  world.settle();
  EXPECT_EQ(buffer.capacity(), standard);
  EXPECT_EQ(sent().size(), standard + 104);
}

TEST_F(RelayInBulk, WhenAllLargeBuffersAreInUseABodyPassesThroughAStandardOne) {
  std::vector<io::Buffer> others;
  others.reserve(io::BufferPool::large_max);
  for (std::size_t i = 0; i < io::BufferPool::large_max; ++i) {
    others.push_back(world.loop().buffers().take_large());
  }
  begin(BodyKind::length, much, false);
  run("");
  source.far().send(body_of(much));
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(*outcome);
  EXPECT_EQ(sent(), body_of(much));
}

TEST_F(RelayInBulk, WhatFollowsALengthStaysInAStandardBuffer) {
  begin(BodyKind::length, much, false);
  run("");
  source.far().send(body_of(much) + "GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(run_until_done());
  EXPECT_LE(buffer.bytes().size(), 1U);
  EXPECT_EQ(large_left(), io::BufferPool::large_max);
  EXPECT_EQ(sent(), body_of(much));
}

TEST_F(RelayInBulk, ALittleThatFollowsTheLastChunkMovesToAStandardBuffer) {
  begin(BodyKind::chunked, 0, true);
  run("");
  source.far().send(in_chunks(body_of(much), large) + "GET");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(buffer.bytes(), "GET");
  EXPECT_EQ(buffer.capacity(), standard);
}

TEST_F(RelayInBulk, MuchThatFollowsTheLastChunkStaysWhereItIs) {
  begin(BodyKind::chunked, 0, true);
  run("");
  const std::string next = body_of(large);
  source.far().send(in_chunks(body_of(standard + 4'000), 1'000) + next);
  ASSERT_TRUE(run_until_done());
  EXPECT_GT(buffer.bytes().size(), standard);
  EXPECT_EQ(buffer.bytes(), next.substr(0, buffer.bytes().size()));
}

TEST_F(RelayInBulk, TheLimitOfABodyHoldsInItsLargeReads) {
  begin(BodyKind::chunked, 0, true, much - 1);
  run("");
  source.far().send(in_chunks(body_of(much), large));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::too_large);
}

TEST_F(RelayInBulk, ClosingTheSourceEndsAWaitForMore) {
  begin(BodyKind::length, much, false);
  run("");
  source.far().send(body_of(standard + large));
  world.settle();
  source.stream.close();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::cancelled);
}

TEST_F(RelayInBulk, ALengthThatIsCutShortIsAFaultThereToo) {
  begin(BodyKind::length, much, false);
  run("");
  source.far().send(body_of(standard + large));
  source.far().end();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault(), ErrorKind::closed);
  EXPECT_EQ(outcome->error().side, Side::upstream);
}

TEST_F(RelayInBulk, ASinkThatKeepsTakingMayTakeItsTime) {
  const std::string body = body_of(much);
  begin(BodyKind::length, body.size(), false);
  run("");
  read_until_stuck(body);  // a window of two standard buffers, each for more than half of what it may be idle
  while (!outcome) {
    world.run_for(seconds(35));
    sink_peer().read(standard);
    world.settle();
  }
  ASSERT_TRUE(*outcome);
  sink_peer().resume_reading();
  world.settle();
  EXPECT_EQ(sent(), body);
}

TEST_F(RelayInBulk, ASinkThatTakesNothingMoreIsGivenUp) {
  const std::string body = body_of(much);
  begin(BodyKind::length, body.size(), false);
  run("");
  read_until_stuck(body);
  world.run_for(seconds(35));
  sink_peer().read(standard);
  world.run_for(seconds(59));
  EXPECT_FALSE(outcome);
  world.run_for(seconds(62));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(fault(), ErrorKind::timed_out);
}

}  // namespace
}  // namespace fairlead::proxy
