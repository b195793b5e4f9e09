#include "io/event_loop.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "io/task.hpp"
#include "io/task_scope.hpp"
#include "support/simulation.hpp"
#include "support/test_bed.hpp"

namespace fairlead::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Simulation;

TEST(EventLoop, RunsPostedWorkInOrder) {
  Simulation world;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    world.loop().post([&order, i] { order.push_back(i); });
  }
  EXPECT_TRUE(order.empty());
  world.settle();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(EventLoop, WorkPostedFromWorkRunsInALaterTurnWithoutWaiting) {
  Simulation world;
  const TimePoint before = world.now();
  bool ran = false;
  world.loop().post([&] { world.loop().post([&] { ran = true; }); });
  world.loop().run_once(before + seconds(5));
  EXPECT_FALSE(ran);
  world.loop().run_once(before + seconds(5));
  EXPECT_TRUE(ran);
  EXPECT_EQ(world.now(), before);
}

TEST(EventLoop, WakesForAnAlarmToTheMillisecond) {
  Simulation world;
  const TimePoint before = world.now();
  TimePoint fired{};
  struct Noting : Alarm {
    Simulation* world = nullptr;
    TimePoint* fired = nullptr;
  };
  Noting alarm;
  alarm.world = &world;
  alarm.fired = &fired;
  alarm.context = &alarm;
  alarm.on_expiry = [](Alarm& due) {
    auto& self = *static_cast<Noting*>(due.context);
    *self.fired = self.world->now();
  };
  world.loop().alarms().arm(alarm, before + milliseconds(2));
  world.loop().run_once(before + seconds(5));
  EXPECT_EQ(fired, before + milliseconds(2));
}

TEST(EventLoop, TheMailboxTakesItsMaximumAndNoMore) {
  Simulation world;
  std::size_t ran = 0;
  for (std::size_t i = 0; i < EventLoop::mail_max; ++i) {
    ASSERT_TRUE(world.loop().post([&ran] { ++ran; }));
  }
  EXPECT_FALSE(world.loop().post([&ran] { ++ran; }));
  world.settle();
  EXPECT_EQ(ran, EventLoop::mail_max);
  EXPECT_TRUE(world.loop().post([&ran] { ++ran; }));
}

TEST(EventLoop, DropsMailThatNobodyRan) {
  auto witness = std::make_shared<int>(0);
  {
    Simulation world;
    world.loop().post([witness] { ++*witness; });
  }
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_EQ(*witness, 0);
}

/// What needs real threads and time.
class KernelEventLoop : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<testing::TestBed> bed = testing::TestBed::make(GetParam());
  EventLoop& loop = bed->loop();
};

INSTANTIATE_TEST_SUITE_P(Engines, KernelEventLoop, ::testing::ValuesIn(testing::TestBed::kernel_kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(KernelEventLoop, TakesMailFromManyThreadsEachInItsOrder) {
  constexpr int threads_count = 4;
  constexpr int pieces_each = 5000;
  std::vector<std::vector<int>> seen(threads_count);
  int ended = 0;
  std::vector<std::thread> threads;
  threads.reserve(threads_count);
  for (int sender = 0; sender < threads_count; ++sender) {
    threads.emplace_back([&, sender] {
      for (int i = 0; i < pieces_each; ++i) {
        loop.post([&seen, sender, i] { seen[static_cast<std::size_t>(sender)].push_back(i); });
      }
      loop.post([&] {
        if (++ended == threads_count) {
          loop.stop();
        }
      });
    });
  }
  loop.run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::vector<int>& pieces : seen) {
    ASSERT_EQ(pieces.size(), static_cast<std::size_t>(pieces_each));
    EXPECT_TRUE(std::is_sorted(pieces.begin(), pieces.end()));
  }
}

TEST_P(KernelEventLoop, StopFromAnotherThreadEndsRun) {
  const TimePoint start = loop.exact_now();
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
  EXPECT_LT(loop.exact_now() - start, seconds(30));  // an idle loop wakes by itself only after a minute
}

TEST(EventLoop, StopEndsRunAfterTheTurn) {
  Simulation world;
  bool ran_after = false;
  world.loop().post([&] { world.loop().stop(); });
  world.loop().post([&] { ran_after = true; });
  world.loop().run();
  EXPECT_TRUE(ran_after);
}

TEST(EventLoop, NowStandsStillDuringATurn) {
  Simulation world;
  const TimePoint before = world.loop().now();
  world.run_for(seconds(3));
  EXPECT_EQ(world.loop().now(), before + seconds(3));
  EXPECT_EQ(world.loop().exact_now(), before + seconds(3));
}

TEST(EventLoop, WaitsNoLongerThanTheNextTimer) {
  Simulation world;
  int firings = 0;
  Timer timer;
  timer.context = &firings;
  timer.on_expiry = [](Timer& fired) { ++*static_cast<int*>(fired.context); };
  const TimePoint deadline = world.now() + milliseconds(35);
  world.loop().timers().arm(timer, deadline);
  while (firings == 0) {
    world.loop().run_once(world.now() + seconds(60));
  }
  EXPECT_GE(world.now(), deadline);
  EXPECT_LE(world.now(), deadline + TimerWheel::granularity);
}

/// Notes its name whenever it runs, and then does what the test wants.
struct Hook {
  Hook(std::vector<int>& all_runs, int own_name) : runs(all_runs), name(own_name) {
    hook.context = this;
    hook.on_end = [](EndOfTurn& ended) {
      auto& self = *static_cast<Hook*>(ended.context);
      self.runs.push_back(self.name);
      if (self.then) {
        self.then();
      }
    };
  }
  std::vector<int>& runs;
  int name;
  std::function<void()> then;
  EndOfTurn hook;
};

TEST(EndOfTurn, RunsOnceHoweverOftenItIsScheduled) {
  Simulation world;
  std::vector<int> runs;
  Hook hook(runs, 1);
  world.loop().post([&] {
    world.loop().at_end_of_turn(hook.hook);
    world.loop().at_end_of_turn(hook.hook);
    EXPECT_TRUE(runs.empty());
  });
  world.settle();
  EXPECT_EQ(runs, (std::vector<int>{1}));
}

TEST(EndOfTurn, RunsAgainNextTurnWhenScheduledFromWithin) {
  Simulation world;
  std::vector<int> runs;
  Hook hook(runs, 1);
  hook.then = [&] {
    if (runs.size() < 3) {
      world.loop().at_end_of_turn(hook.hook);
    }
  };
  world.loop().at_end_of_turn(hook.hook);
  const TimePoint before = world.now();
  world.loop().run_once(before + seconds(1));
  EXPECT_EQ(runs.size(), 1U);
  world.loop().run_once(before + seconds(1));
  EXPECT_EQ(runs.size(), 2U);
  EXPECT_EQ(world.now(), before);
}

TEST(EndOfTurn, DoesNotRunOnceDestroyed) {
  Simulation world;
  std::vector<int> runs;
  Hook first(runs, 1);
  auto second = std::make_unique<Hook>(runs, 2);
  Hook third(runs, 3);
  for (Hook* each : {&first, second.get(), &third}) {
    world.loop().at_end_of_turn(each->hook);
  }
  second.reset();
  world.settle();
  EXPECT_EQ(runs.size(), 2U);
}

TEST(EndOfTurn, MayDestroyAnotherOneThatIsStillToRun) {
  Simulation world;
  std::vector<int> runs;
  std::unique_ptr<Hook> hooks[3];
  for (int i = 0; i < 3; ++i) {
    hooks[i] = std::make_unique<Hook>(runs, i);
    hooks[i]->then = [&hooks, i] {
      for (int other = 0; other < 3; ++other) {
        if (other != i) {
          hooks[other].reset();
        }
      }
    };
    world.loop().at_end_of_turn(hooks[i]->hook);
  }
  world.settle();
  EXPECT_EQ(runs.size(), 1U);
}

TEST(EndOfTurn, MayDestroyItself) {
  Simulation world;
  std::vector<int> runs;
  auto hook = std::make_unique<Hook>(runs, 1);
  auto* address = &hook;
  hook->hook.context = address;
  hook->hook.on_end = [](EndOfTurn& ended) { static_cast<std::unique_ptr<Hook>*>(ended.context)->reset(); };
  world.loop().at_end_of_turn(hook->hook);
  world.settle();
  EXPECT_EQ(hook, nullptr);
}

TEST(EndOfTurn, MayOutliveItsLoop) {
  std::vector<int> runs;
  Hook hook(runs, 1);
  {
    Simulation world;
    world.loop().at_end_of_turn(hook.hook);
  }
  EXPECT_TRUE(runs.empty());
}

/// Waits for the end of the turn, as what gathers over a turn does.
struct TurnEnd {
  explicit TurnEnd(EventLoop& event_loop) : loop(event_loop) {
    hook.context = this;
    hook.on_end = [](EndOfTurn& ended) { static_cast<TurnEnd*>(ended.context)->waiter.resume(); };
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter = handle;
    loop.at_end_of_turn(hook);
  }
  void await_resume() const noexcept {}
  EventLoop& loop;
  EndOfTurn hook;
  std::coroutine_handle<> waiter;
};

Task<> pass_a_turn(EventLoop& loop) {
  TurnEnd end(loop);
  co_await end;
}

Task<> pass_turns(EventLoop& loop, int count, int& passed) {
  for (int i = 0; i < count; ++i) {
    co_await pass_a_turn(loop);
    ++passed;
  }
}

TEST(EventLoop, RunsParentsOfEndedTasksInTheSameTurn) {
  Simulation world;
  TaskScope scope;
  int passed = 0;
  scope.spawn(pass_turns(world.loop(), 3, passed));
  for (int turns = 1; turns <= 3; ++turns) {
    world.loop().run_once(world.now());
    EXPECT_EQ(passed, turns);
  }
  EXPECT_EQ(scope.running(), 0U);
}

}  // namespace
}  // namespace fairlead::io
