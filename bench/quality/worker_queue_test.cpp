#include "worker_queue.hpp"

#include <gtest/gtest.h>

namespace bench::quality {
namespace {

using namespace std::chrono_literals;
using fairlead::io::TimePoint;

constexpr TimePoint start{1h};

TEST(WorkerQueue, OneWorkerServesInTheOrderOfArrival) {
  WorkerQueue queue(1);
  EXPECT_EQ(queue.end_of(start, 10ms), start + 10ms);
  EXPECT_EQ(queue.end_of(start + 1ms, 1ms), start + 11ms);
  EXPECT_EQ(queue.end_of(start + 2ms, 5ms), start + 16ms);
}

TEST(WorkerQueue, WhoComesAfterARestIsServedAtOnce) {
  WorkerQueue queue(1);
  queue.end_of(start, 10ms);
  EXPECT_EQ(queue.end_of(start + 50ms, 1ms), start + 51ms);
}

TEST(WorkerQueue, TheNextIsServedByTheWorkerThatIsFreeFirst) {
  WorkerQueue queue(2);
  EXPECT_EQ(queue.end_of(start, 10ms), start + 10ms);
  EXPECT_EQ(queue.end_of(start, 3ms), start + 3ms);
  EXPECT_EQ(queue.end_of(start, 4ms), start + 7ms);
  EXPECT_EQ(queue.end_of(start, 1ms), start + 8ms);
  EXPECT_EQ(queue.end_of(start, 1ms), start + 9ms);
}

}  // namespace
}  // namespace bench::quality
