#include "io/engine.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "support/test_bed.hpp"

namespace fairlead::io {
namespace {

using testing::TestBed;

constexpr std::chrono::seconds half_a_minute{30};  // what a test would hang if nothing woke it

TEST(CompletedList, GivesOperationsInOrder) {
  CompletedList list;
  Operation first;
  Operation second;
  EXPECT_TRUE(list.empty());
  list.push(first);
  list.push(second);
  EXPECT_EQ(list.pop(), &first);
  EXPECT_EQ(list.pop(), &second);
  EXPECT_EQ(list.pop(), nullptr);
  EXPECT_TRUE(list.empty());
}

TEST(CompletedList, RemovesFromAnyPlace) {
  Operation operations[3];
  for (Operation& removed : operations) {
    CompletedList list;
    for (Operation& each : operations) {
      list.push(each);
    }
    EXPECT_TRUE(list.remove(removed));
    EXPECT_FALSE(list.remove(removed));
    Operation added;
    list.push(added);
    for (Operation& each : operations) {
      if (&each != &removed) {
        EXPECT_EQ(list.pop(), &each);
      }
    }
    EXPECT_EQ(list.pop(), &added);
    EXPECT_TRUE(list.empty());
  }
}

class EngineTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    TestBed::Accepted accepted = bed->accept();
    far = std::move(accepted.far);
    ASSERT_EQ(engine.attach(socket, accepted.descriptor), 0);
    operation.kind = OperationKind::receive;
    operation.socket = &socket;
    operation.vectors = &piece;
    operation.vector_count = 1;
  }
  void TearDown() override {
    engine.close(socket);
    while (engine.completed().pop() != nullptr) {
    }
  }
  bool wait_for_one() {
    for (int waits = 0; waits < 1000 && engine.completed().empty(); ++waits) {
      engine.wait(engine.now() + std::chrono::milliseconds(10));
    }
    return engine.completed().pop() == &operation;
  }

  std::unique_ptr<TestBed> bed = TestBed::make(GetParam());
  Engine& engine = bed->engine();
  std::unique_ptr<testing::FarEnd> far;
  Socket socket;
  char memory[16] = {};
  iovec piece{memory, sizeof memory};
  Operation operation;
};

INSTANTIATE_TEST_SUITE_P(Engines, EngineTest, ::testing::ValuesIn(TestBed::kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(EngineTest, ASubmitThatCompletesAtOnceIsNotListed) {
  far->send("x");
  ASSERT_TRUE(engine.submit(operation));
  EXPECT_EQ(operation.result, 1);
  EXPECT_TRUE(engine.completed().empty());
}

TEST_P(EngineTest, AParkedOperationIsListedOnceComplete) {
  ASSERT_FALSE(engine.submit(operation));
  far->send("abc");
  ASSERT_TRUE(wait_for_one());
  EXPECT_EQ(operation.result, 3);
  EXPECT_TRUE(engine.completed().empty());
}

TEST_P(EngineTest, CancelListsAParkedOperationAtOnce) {
  ASSERT_FALSE(engine.submit(operation));
  engine.cancel(operation);
  EXPECT_EQ(engine.completed().pop(), &operation);
  EXPECT_EQ(operation.result, -ECANCELED);
}

TEST_P(EngineTest, CancelLeavesACompletedOperationAlone) {
  ASSERT_FALSE(engine.submit(operation));
  far->send("abc");
  while (engine.completed().empty()) {
    engine.wait(engine.now() + std::chrono::milliseconds(10));
  }
  engine.cancel(operation);
  EXPECT_EQ(engine.completed().pop(), &operation);
  EXPECT_EQ(operation.result, 3);
  EXPECT_TRUE(engine.completed().empty());
}

TEST_P(EngineTest, ACancelledOperationMayBeSubmittedAgain) {
  ASSERT_FALSE(engine.submit(operation));
  engine.cancel(operation);
  ASSERT_EQ(engine.completed().pop(), &operation);
  far->send("abc");
  if (!engine.submit(operation)) {
    ASSERT_TRUE(wait_for_one());
  }
  EXPECT_EQ(operation.result, 3);
}

TEST_P(EngineTest, SubmitOnAClosedSocketIsCancelled) {
  engine.close(socket);
  EXPECT_TRUE(engine.submit(operation));
  EXPECT_EQ(operation.result, -ECANCELED);
}

TEST_P(EngineTest, CloseTwiceIsHarmless) {
  engine.close(socket);
  engine.close(socket);
  EXPECT_FALSE(socket.is_open());
}

TEST_P(EngineTest, TheFarEndSeesClose) {
  engine.close(socket);
  EXPECT_TRUE(bed->run_until([&] { return far->saw_end(); }));
}

TEST_P(EngineTest, WaitReturnsAtOnceWhenSomethingIsComplete) {
  ASSERT_FALSE(engine.submit(operation));
  engine.cancel(operation);
  const TimePoint until = engine.now() + half_a_minute;
  engine.wait(until);
  EXPECT_LT(engine.now(), until);
  EXPECT_FALSE(engine.completed().empty());
}

TEST_P(EngineTest, WaitReturnsAtItsTime) {
  const TimePoint until = engine.now() + std::chrono::milliseconds(5);
  while (engine.now() < until) {
    engine.wait(until);
  }
  EXPECT_TRUE(engine.completed().empty());
}

TEST_P(EngineTest, AnIdleWaitSleepsInsteadOfSpinning) {
  ASSERT_FALSE(engine.submit(operation));
  const TimePoint until = engine.now() + std::chrono::milliseconds(50);
  int waits = 0;
  for (; engine.now() < until; ++waits) {
    engine.wait(until);
  }
  EXPECT_LT(waits, 20);  // a few, since the kernel has something to say of what was set up just before
}

TEST_P(EngineTest, AWakeBeforeTheWaitEndsIt) {
  const TimePoint until = engine.now() + half_a_minute;
  engine.wake();
  engine.wait(until);
  EXPECT_LT(engine.now(), until);
}

/// What needs real time.
class KernelEngine : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, KernelEngine, ::testing::ValuesIn(TestBed::kernel_kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(KernelEngine, EveryWakeFromAnotherThreadEndsAWait) {
  const std::unique_ptr<TestBed> bed = TestBed::make(GetParam());
  Engine& engine = bed->engine();
  for (int times = 0; times < 3; ++times) {
    const TimePoint until = engine.now() + half_a_minute;
    std::thread other([&] { engine.wake(); });
    engine.wait(until);
    other.join();
    EXPECT_LT(engine.now(), until);
  }
}

}  // namespace
}  // namespace fairlead::io
