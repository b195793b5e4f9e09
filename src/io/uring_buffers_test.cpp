#include "io/uring_buffers.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

namespace fairlead::io {
namespace {

class UringBuffersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (io_uring_queue_init(4, &ring, 0) != 0 || buffers.lend_all(ring) != 0) {
      GTEST_SKIP() << "the kernel refuses io_uring or rings of buffers";
    }
    ASSERT_EQ(::pipe(pipe), 0);
  }
  void TearDown() override {
    if (ring.ring_fd > 0) {
      io_uring_queue_exit(&ring);
    }
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  /// The kernel fills a buffer with that; false when it has none.
  bool fill(std::string_view bytes) {
    EXPECT_EQ(::write(pipe[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    io_uring_sqe* submission = io_uring_get_sqe(&ring);
    io_uring_prep_read(submission, pipe[0], nullptr, 0, 0);
    submission->flags |= IOSQE_BUFFER_SELECT;
    submission->buf_group = UringBuffers::group;
    io_uring_submit_and_wait(&ring, 1);
    io_uring_cqe* completion = nullptr;
    EXPECT_EQ(io_uring_peek_cqe(&ring, &completion), 0);
    const int result = completion->res;
    if (result > 0) {
      const auto buffer = static_cast<std::uint16_t>(completion->flags >> IORING_CQE_BUFFER_SHIFT);
      buffers.hold(held, buffer, static_cast<std::size_t>(result));
    }
    io_uring_cqe_seen(&ring, completion);
    return result > 0;
  }
  std::string take(std::size_t bytes_max) {
    std::string bytes(bytes_max, '\0');
    bytes.resize(buffers.copy_out(held, bytes));
    return bytes;
  }

  UringBuffers buffers;
  io_uring ring{};
  UringBuffers::Held held;
  int pipe[2] = {-1, -1};
};

TEST_F(UringBuffersTest, GiveBackWhatCameInOrderAndInAnyPieces) {
  ASSERT_TRUE(fill("first,"));
  ASSERT_TRUE(fill("second,"));
  ASSERT_TRUE(fill("third"));
  EXPECT_EQ(held.count, 3);
  EXPECT_EQ(take(3), "fir");
  EXPECT_EQ(take(6), "st,sec");
  EXPECT_EQ(held.count, 2);
  EXPECT_EQ(take(100), "ond,third");
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(take(100), "");
}

TEST_F(UringBuffersTest, AreLentAgainOnceEmptiedOrDropped) {
  for (int times = 0; times < 3 * UringBuffers::count; ++times) {
    ASSERT_TRUE(fill("x"));
    if (times % 2 == 0) {
      EXPECT_EQ(take(1), "x");
    } else {
      buffers.drop(held);
    }
  }
}

TEST_F(UringBuffersTest, EndWhenAllAreHeld) {
  for (int times = 0; times < UringBuffers::count; ++times) {
    ASSERT_TRUE(fill("x"));
  }
  EXPECT_FALSE(fill("x"));
  EXPECT_EQ(take(1), "x");
  EXPECT_TRUE(fill("x"));
  buffers.drop(held);
}

}  // namespace
}  // namespace fairlead::io
