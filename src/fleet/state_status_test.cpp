#include "fleet/state_status.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fairlead::fleet {
namespace {

using Flip = StateStatus::Flip;

constexpr StateFault passing{"refused", false};
constexpr StateFault wrong_password{"WRONGPASS", true};

TEST(StateStatus, ConnectedIsSaidByTheLastWorkerAlone) {
  StateStatus status;
  status.workers = 3;
  EXPECT_EQ(status.note_live(), Flip::none);
  EXPECT_EQ(status.note_live(), Flip::none);
  EXPECT_EQ(status.note_live(), Flip::connected);
}

TEST(StateStatus, AnOutageAndItsEndAreEachSaidOnce) {
  StateStatus status;
  status.workers = 2;
  status.note_live();
  status.note_live();
  EXPECT_TRUE(status.note_away(true, passing));
  EXPECT_FALSE(status.note_away(true, passing));
  EXPECT_FALSE(status.note_away(false, passing));
  EXPECT_EQ(status.note_live(), Flip::none);
  EXPECT_EQ(status.note_live(), Flip::back);
  EXPECT_TRUE(status.note_away(true, passing));
}

TEST(StateStatus, InstancesHaveAsManyMembersEachAsThisOne) {
  StateStatus status;
  EXPECT_EQ(status.instances(), 1U);
  status.members = 6;
  EXPECT_EQ(status.instances(), 6U);
  status.workers = 2;
  EXPECT_EQ(status.instances(), 3U);
  status.workers = 3;
  status.readers = 1;
  EXPECT_EQ(status.instances(), 3U);
}

TEST(StateStatus, AStartWithoutRedisIsSaidOnce) {
  StateStatus status;
  status.workers = 2;
  EXPECT_TRUE(status.note_away(false, passing));
  EXPECT_FALSE(status.note_away(false, passing));
}

TEST(StateStatus, AReasonThatAnOperatorMustSeeToIsSaidAgainWhenItIsAnother) {
  StateStatus status;
  status.workers = 2;
  EXPECT_TRUE(status.note_away(false, passing));
  EXPECT_TRUE(status.note_away(false, wrong_password));
  EXPECT_FALSE(status.note_away(false, wrong_password));
  EXPECT_FALSE(status.note_away(false, passing));
  EXPECT_TRUE(status.note_away(false, {"NOAUTH", true}));
}

TEST(StateStatus, TheSameReasonIsNewsAgainAfterAGoodTime) {
  StateStatus status;
  status.workers = 1;
  EXPECT_TRUE(status.note_away(false, wrong_password));
  EXPECT_EQ(status.note_live(), Flip::back);
  EXPECT_TRUE(status.note_away(true, wrong_password));
}

TEST(StateStatus, ARedisThatForgotUsWasNotAwayUnlessWorseFollowed) {
  constexpr StateFault forgotten{"FENCED", false};
  StateStatus status;
  status.workers = 2;
  status.note_live();
  status.note_live();
  EXPECT_TRUE(status.note_away(true, forgotten));
  EXPECT_FALSE(status.note_away(true, forgotten));
  status.note_live();
  EXPECT_EQ(status.note_live(), Flip::known_again);
  EXPECT_TRUE(status.note_away(true, forgotten));
  EXPECT_TRUE(status.note_away(true, passing));
  EXPECT_FALSE(status.note_away(false, forgotten));
  status.note_live();
  EXPECT_EQ(status.note_live(), Flip::back);
}

TEST(StateStatus, WorkersThatFlipAtOnceSayItOnce) {
  constexpr unsigned workers = 4;
  StateStatus status;
  status.workers = workers;
  std::atomic<int> said{0};
  std::vector<std::thread> threads;
  threads.reserve(workers);
  for (unsigned i = 0; i < workers; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 1000; ++turn) {
        said += status.note_live() == Flip::none ? 0 : 1;
        said -= status.note_away(true, passing) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LE(said, 0);   // each end of an outage is of one that was said
  EXPECT_GE(said, -1);  // the first of all had nothing before it
}

}  // namespace
}  // namespace fairlead::fleet
