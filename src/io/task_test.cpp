#include "io/task.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "io/task_scope.hpp"

namespace fairlead::io {
namespace {

/// Parks whoever awaits it until open() is called.
struct Gate {
  std::coroutine_handle<> waiter;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) { waiter = handle; }
  void await_resume() const noexcept {}
  void open() {
    waiter.resume();
    ReadyQueue::of_this_thread().run();
  }
};

Task<int> answer() {
  co_return 42;
}

Task<int> answer_after(Gate& gate) {
  co_await gate;
  co_return 42;
}

Task<> sum_of_many(int count, int& sum) {
  for (int i = 0; i < count; ++i) {
    const int value = co_await answer();
    sum += value;
  }
}

Task<> store(Task<int> task, int& place) {
  const int value = co_await task;
  place = value;
}

TEST(Task, RunsWhenAwaitedAndGivesItsValue) {
  TaskScope scope;
  int value = 0;
  scope.spawn(store(answer(), value));
  EXPECT_EQ(value, 42);
  EXPECT_EQ(scope.running(), 0U);
}

TEST(Task, ParksItsParentUntilItEnds) {
  TaskScope scope;
  Gate gate;
  int value = 0;
  scope.spawn(store(answer_after(gate), value));
  EXPECT_EQ(value, 0);
  EXPECT_EQ(scope.running(), 1U);
  gate.open();
  EXPECT_EQ(value, 42);
  EXPECT_EQ(scope.running(), 0U);
}

TEST(Task, AwaitsAMillionFinishedChildrenWithoutGrowingTheStack) {
  TaskScope scope;
  int sum = 0;
  scope.spawn(sum_of_many(1'000'000, sum));
  EXPECT_EQ(sum, 42'000'000);
}

Task<> join_then_set(TaskScope& scope, bool& joined) {
  co_await scope.join();
  joined = true;
}

TEST(TaskScope, JoinWaitsForEveryTask) {
  TaskScope outer;
  TaskScope inner;
  Gate first;
  Gate second;
  int values[2] = {0, 0};
  bool joined = false;
  inner.spawn(store(answer_after(first), values[0]));
  inner.spawn(store(answer_after(second), values[1]));
  outer.spawn(join_then_set(inner, joined));
  first.open();
  EXPECT_FALSE(joined);
  second.open();
  EXPECT_TRUE(joined);
}

TEST(TaskScope, JoinOfAnEmptyScopeDoesNotWait) {
  TaskScope outer;
  TaskScope inner;
  bool joined = false;
  outer.spawn(join_then_set(inner, joined));
  EXPECT_TRUE(joined);
}

}  // namespace
}  // namespace fairlead::io
