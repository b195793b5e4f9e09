#include "core/balance/ticket_block.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace fairlead::balance {
namespace {

std::vector<std::uint64_t> take(TicketBlock& block, int count) {
  std::vector<std::uint64_t> taken;
  for (int i = 0; i < count; ++i) {
    taken.push_back(block.take().number);
  }
  return taken;
}

TEST(TicketBlock, WithoutALeaseItIsACounter) {
  TicketBlock block;
  EXPECT_EQ(take(block, 3), (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_FALSE(block.take().is_leased);
  EXPECT_EQ(block.take_overdrawn(), 4u);
  EXPECT_EQ(block.take_overdrawn(), 0u);
}

TEST(TicketBlock, UsesALeasedBlockAndGoesOnFromItsEnd) {
  TicketBlock block;
  block.add(100, 2);
  EXPECT_EQ(block.left(), 2u);
  EXPECT_TRUE(block.take().is_leased);
  EXPECT_EQ(take(block, 3), (std::vector<std::uint64_t>{101, 102, 103}));
  EXPECT_EQ(block.left(), 0u);
  EXPECT_EQ(block.take_overdrawn(), 2u);
}

TEST(TicketBlock, ABlockThatFollowsIsUsedAfterTheOneThatIsLeft) {
  TicketBlock block;
  block.add(10, 2);
  block.add(50, 2);
  EXPECT_EQ(block.left(), 4u);
  EXPECT_EQ(take(block, 5), (std::vector<std::uint64_t>{10, 11, 50, 51, 52}));
}

TEST(TicketBlock, ABlockThatContinuesTheCurrentOneIsOneWithIt) {
  TicketBlock block;
  block.add(10, 2);
  block.add(12, 2);
  block.add(90, 1);
  EXPECT_EQ(take(block, 5), (std::vector<std::uint64_t>{10, 11, 12, 13, 90}));
}

TEST(TicketBlock, MovesOnlyWhenNothingIsLeft) {
  TicketBlock block;
  block.move_to(40);
  EXPECT_EQ(block.peek(), 40u);
  block.add(60, 1);
  block.move_to(80);
  EXPECT_EQ(take(block, 2), (std::vector<std::uint64_t>{60, 61}));
}

TEST(TicketBlock, GivesUpWhatIsLeftAndSaysWhereItEnded) {
  TicketBlock block;
  block.add(10, 5);
  take(block, 2);
  const TicketBlock::Unused unused = block.give_up();
  EXPECT_EQ(unused.end, 15u);
  EXPECT_EQ(unused.count, 3u);
  EXPECT_EQ(block.left(), 0u);
  EXPECT_EQ(block.take().number, 12u);
  EXPECT_EQ(block.take_overdrawn(), 1u);
  EXPECT_EQ(block.give_up().count, 0u);
}

TEST(TicketBlock, NoTwoThreadsTakeTheSameTicketOfABlock) {
  TicketBlock block;
  constexpr std::uint32_t each = 5000;
  block.add(1000, 2 * each);
  std::vector<std::uint64_t> one;
  std::vector<std::uint64_t> other;
  {
    std::jthread first([&] { one = take(block, each); });
    std::jthread second([&] { other = take(block, each); });
  }
  one.insert(one.end(), other.begin(), other.end());
  std::ranges::sort(one);
  for (std::size_t i = 0; i < one.size(); ++i) {
    ASSERT_EQ(one[i], 1000 + i);
  }
}

}  // namespace
}  // namespace fairlead::balance
