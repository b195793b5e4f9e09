#include "io/frame_pool.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace fairlead::io {
namespace {

TEST(FramePool, GivesUsableMemoryOfEverySize) {
  FramePool pool;
  for (const std::size_t size : {1U, 127U, 128U, 129U, 4095U, 4096U, 4097U, 100'000U}) {
    for (int round = 0; round < 2; ++round) {
      void* frame = pool.allocate(size);
      std::memset(frame, 0xab, size);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
      pool.release(frame, size);
    }
  }
}

TEST(FramePool, NeverGivesAFrameTwice) {
  FramePool pool;
  for (int round = 0; round < 2; ++round) {
    void* first = pool.allocate(200);
    void* second = pool.allocate(200);
    EXPECT_NE(first, second);
    pool.release(first, 200);
    pool.release(second, 200);
  }
}

TEST(FramePool, RecyclesFramesOfASizeClass) {
  if (!FAIRLEAD_RECYCLE_FRAMES) {
    GTEST_SKIP() << "frames come from the heap in this build";
  }
  FramePool pool;
  void* frame = pool.allocate(130);
  pool.release(frame, 130);
  void* again = pool.allocate(160);
  EXPECT_EQ(again, frame);
  pool.release(again, 160);
}

TEST(FramePool, TakesMoreFramesBackThanItKeeps) {
  FramePool pool;
  std::vector<void*> frames;
  for (int i = 0; i < 1000; ++i) {
    frames.push_back(pool.allocate(64));
  }
  for (void* frame : frames) {
    pool.release(frame, 64);
  }
  void* frame = pool.allocate(64);
  EXPECT_NE(frame, nullptr);
  pool.release(frame, 64);
}

TEST(FramePool, EachThreadHasItsOwn) {
  FramePool* other = nullptr;
  std::thread thread([&] { other = &FramePool::of_this_thread(); });
  thread.join();
  EXPECT_NE(other, &FramePool::of_this_thread());
}

}  // namespace
}  // namespace fairlead::io
