#include "event_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bench::quality {
namespace {

TEST(EventQueue, GivesTheEarliestFirst) {
  EventQueue<int, std::string> events;
  events.push(3, "c");
  events.push(1, "a");
  events.push(2, "b");
  EXPECT_EQ(events.pop(), std::pair(1, std::string("a")));
  EXPECT_EQ(events.pop(), std::pair(2, std::string("b")));
  EXPECT_EQ(events.pop(), std::pair(3, std::string("c")));
  EXPECT_TRUE(events.empty());
}

TEST(EventQueue, EventsOfOneTimeComeInTheOrderOfTheirPlanning) {
  EventQueue<int, int> events;
  for (int i = 0; i < 100; ++i) {
    events.push(i % 2, i);
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(events.pop().second, i < 50 ? 2 * i : 2 * (i - 50) + 1);
  }
}

}  // namespace
}  // namespace bench::quality
