#include "io/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fairlead::io {
namespace {

void put(Buffer& buffer, std::string_view bytes) {
  std::copy(bytes.begin(), bytes.end(), buffer.space().begin());
  buffer.added(bytes.size());
}

TEST(Buffer, HasNoMemoryOfItsOwn) {
  const Buffer buffer;
  EXPECT_FALSE(buffer.has_memory());
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(buffer.bytes().empty());
  EXPECT_TRUE(buffer.space().empty());
}

TEST(Buffer, GivesBytesInTheOrderTheyWereAdded) {
  BufferPool pool;
  Buffer buffer = pool.take();
  put(buffer, "head");
  put(buffer, "body");
  EXPECT_EQ(buffer.bytes(), "headbody");
  buffer.consume(4);
  EXPECT_EQ(buffer.bytes(), "body");
  EXPECT_EQ(buffer.space().size(), BufferPool::standard_bytes - 8);
}

TEST(Buffer, ReusesAllMemoryOnceConsumed) {
  BufferPool pool;
  Buffer buffer = pool.take();
  put(buffer, "head");
  buffer.consume(4);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.space().size(), BufferPool::standard_bytes);
}

TEST(Buffer, RestoresWhatWasSkipped) {
  BufferPool pool;
  Buffer buffer = pool.take();
  put(buffer, "request");
  const std::size_t before = buffer.position();
  buffer.skip(7);
  EXPECT_TRUE(buffer.empty());
  buffer.restore(before);
  EXPECT_EQ(buffer.bytes(), "request");
}

TEST(Buffer, CompactMovesTheBytesToTheFront) {
  BufferPool pool;
  Buffer buffer = pool.take();
  put(buffer, "headbody");
  EXPECT_FALSE(buffer.compact());
  buffer.consume(4);
  EXPECT_TRUE(buffer.compact());
  EXPECT_EQ(buffer.bytes(), "body");
  EXPECT_EQ(buffer.space().size(), BufferPool::standard_bytes - 4);
}

TEST(Buffer, MovingLeavesTheSourceEmpty) {
  BufferPool pool;
  Buffer first = pool.take();
  put(first, "bytes");
  Buffer second = std::move(first);
  EXPECT_EQ(second.bytes(), "bytes");
  EXPECT_FALSE(first.has_memory());  // NOLINT: what a move leaves is part of the contract
  second = pool.take();
  EXPECT_TRUE(second.empty());
}

TEST(BufferPool, GivesTheSameMemoryAgain) {
  BufferPool pool;
  Buffer buffer = pool.take();
  const char* memory = buffer.space().data();
  buffer.reset();
  EXPECT_FALSE(buffer.has_memory());
  EXPECT_EQ(pool.take().space().data(), memory);
}

TEST(BufferPool, AReturnedBufferComesBackEmpty) {
  BufferPool pool;
  Buffer buffer = pool.take();
  put(buffer, "another client's bytes");
  buffer.reset();
  const Buffer again = pool.take();
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(again.capacity(), BufferPool::standard_bytes);
}

TEST(BufferPool, GivesLargeBuffersOfTheAskedSize) {
  BufferPool pool;
  EXPECT_EQ(pool.take(BufferPool::standard_bytes).capacity(), BufferPool::standard_bytes);
  EXPECT_EQ(pool.take(BufferPool::standard_bytes + 1).capacity(), BufferPool::standard_bytes + 1);
  EXPECT_EQ(pool.take(1).capacity(), BufferPool::standard_bytes);
}

TEST(BufferPool, TakesMoreBuffersBackThanItKeeps) {
  BufferPool pool;
  std::vector<Buffer> buffers;
  buffers.reserve(BufferPool::kept_max + 1);
  for (std::size_t i = 0; i < BufferPool::kept_max + 1; ++i) {
    buffers.push_back(pool.take());
  }
  buffers.clear();
  for (std::size_t i = 0; i < BufferPool::kept_max + 1; ++i) {
    buffers.push_back(pool.take());
    put(buffers.back(), "usable");
    EXPECT_EQ(buffers.back().bytes(), "usable");
  }
}

std::vector<Buffer> take_all_large(BufferPool& pool) {
  std::vector<Buffer> taken;
  taken.reserve(BufferPool::large_max);
  for (std::size_t i = 0; i < BufferPool::large_max; ++i) {
    taken.push_back(pool.take_large());
    EXPECT_TRUE(BufferPool::is_large(taken.back()));
  }
  return taken;
}

TEST(BufferPool, GivesStandardBuffersWhileAllLargeOnesAreInUse) {
  BufferPool pool;
  std::vector<Buffer> large = take_all_large(pool);
  EXPECT_EQ(pool.take_large().capacity(), BufferPool::standard_bytes);
  large.pop_back();
  EXPECT_TRUE(BufferPool::is_large(pool.take_large()));
}

TEST(BufferPool, GivesTheLargeMemoryThatWasUsedLast) {
  BufferPool pool;
  Buffer first = pool.take_large();
  Buffer second = pool.take_large();
  const char* memory = first.space().data();
  second.reset();
  first.reset();
  EXPECT_EQ(pool.take_large().space().data(), memory);
}

TEST(BufferPool, AHeadAsLongAsALargeBufferDoesntBecomeOne) {
  BufferPool pool;
  {
    const Buffer head = pool.take(BufferPool::large_bytes);
  }
  const std::vector<Buffer> large = take_all_large(pool);
  EXPECT_FALSE(BufferPool::is_large(pool.take_large()));
}

TEST(BufferPool, SettlingMovesALittleOutOfLargeMemory) {
  BufferPool pool;
  Buffer buffer = pool.take_large();
  put(buffer, "body" + std::string(BufferPool::standard_bytes, 'r'));
  buffer.skip(4);
  pool.settle(buffer);
  EXPECT_EQ(buffer.capacity(), BufferPool::standard_bytes);
  EXPECT_EQ(buffer.bytes(), std::string(BufferPool::standard_bytes, 'r'));
  take_all_large(pool);
}

TEST(BufferPool, SettlingGivesEmptyLargeMemoryBack) {
  BufferPool pool;
  Buffer buffer = pool.take_large();
  pool.settle(buffer);
  EXPECT_FALSE(buffer.has_memory());
}

TEST(BufferPool, SettlingLeavesWhatAStandardBufferHasNoRoomFor) {
  BufferPool pool;
  Buffer buffer = pool.take_large();
  put(buffer, std::string(BufferPool::standard_bytes + 1, 'r'));
  pool.settle(buffer);
  EXPECT_EQ(buffer.bytes(), std::string(BufferPool::standard_bytes + 1, 'r'));
}

TEST(BufferPool, SettlingLeavesStandardBuffersAsTheyAre) {
  BufferPool pool;
  Buffer buffer = pool.take();
  const char* memory = buffer.space().data();
  pool.settle(buffer);
  EXPECT_EQ(buffer.space().data(), memory);
}

TEST(BufferPool, GrowKeepsTheBytes) {
  BufferPool pool;
  Buffer buffer = pool.take();
  put(buffer, std::string(BufferPool::standard_bytes, 'h'));
  buffer.consume(1);
  pool.grow(buffer, 2 * BufferPool::standard_bytes);
  EXPECT_EQ(buffer.bytes(), std::string(BufferPool::standard_bytes - 1, 'h'));
  EXPECT_EQ(buffer.capacity(), 2 * BufferPool::standard_bytes);
}

TEST(BufferPool, GrowNeverGoesBelowWhatIsHeld) {
  BufferPool pool;
  Buffer buffer = pool.take(2 * BufferPool::standard_bytes);
  put(buffer, std::string(2 * BufferPool::standard_bytes, 'h'));
  pool.grow(buffer, 1);
  EXPECT_EQ(buffer.bytes().size(), 2 * BufferPool::standard_bytes);
}

TEST(BufferPool, GrowGivesMemoryToABufferWithout) {
  BufferPool pool;
  Buffer buffer;
  pool.grow(buffer, 100);
  EXPECT_TRUE(buffer.has_memory());
  EXPECT_TRUE(buffer.empty());
}

}  // namespace
}  // namespace fairlead::io
