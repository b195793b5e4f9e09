// Connecting a PlainStream; what it does once connected is in stream_test.cpp.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "io/stream.hpp"
#include "io/task.hpp"
#include "io/task_scope.hpp"
#include "support/simulation.hpp"
#include "support/test_bed.hpp"

namespace fairlead::io {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::TestBed;

using Outcome = std::optional<Result<std::size_t>>;

Task<> read_once(Stream& stream, std::span<char> memory, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> count = co_await stream.read(memory, deadline);
  outcome = count;
}

Task<> write_all(Stream& stream, std::string_view bytes, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> count = co_await stream.write(bytes, deadline);
  outcome = count;
}

Task<> connect_to(PlainStream& stream, Address& address, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> connected = co_await stream.connect(address, deadline);
  outcome = connected;
}

std::optional<ErrorKind> fault_of(const Outcome& outcome) {
  return outcome->has_value() ? std::nullopt : std::optional(outcome->error().kind);
}

class ConnectTest : public ::testing::TestWithParam<const char*> {
 protected:
  void TearDown() override {
    stream.close();
    bed->settle();
    ASSERT_EQ(scope.running(), 0U);
  }
  bool run_until_done() {
    return bed->run_until([&] { return outcome.has_value(); });
  }

  std::unique_ptr<TestBed> bed = TestBed::make(GetParam());
  PlainStream stream{bed->loop(), Side::upstream};
  TaskScope scope;
  std::array<char, 64> memory{};
  Outcome outcome;
};

INSTANTIATE_TEST_SUITE_P(Engines, ConnectTest, ::testing::ValuesIn(TestBed::kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(ConnectTest, ConnectsWritesAndReads) {
  Address address = bed->open_backend();
  ASSERT_TRUE(stream.open(address));
  scope.spawn(connect_to(stream, address, bed->in(minutes(1)), outcome));
  ASSERT_TRUE(run_until_done());
  ASSERT_TRUE(outcome->has_value());
  const std::unique_ptr<testing::FarEnd> far = bed->far_end();
  ASSERT_NE(far, nullptr);
  scope.spawn(write_all(stream, "ask", bed->in(minutes(1)), outcome));
  ASSERT_TRUE(bed->run_until([&] { return far->received() == "ask"; }));
  outcome.reset();
  far->send("answer");
  scope.spawn(read_once(stream, memory, bed->in(minutes(1)), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 6U);
}

TEST_P(ConnectTest, ReadsWhatThePeerSaidFirst) {
  Address address = bed->open_backend();
  ASSERT_TRUE(stream.open(address));
  scope.spawn(connect_to(stream, address, bed->in(minutes(1)), outcome));
  ASSERT_TRUE(run_until_done());
  const std::unique_ptr<testing::FarEnd> far = bed->far_end();
  ASSERT_NE(far, nullptr);
  far->send("banner");
  outcome.reset();
  scope.spawn(read_once(stream, memory, bed->in(minutes(1)), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 6U);
}

TEST_P(ConnectTest, IsRefusedWhereNobodyListens) {
  Address address = bed->closed_address();
  ASSERT_TRUE(stream.open(address));
  scope.spawn(connect_to(stream, address, bed->in(minutes(1)), outcome));
  ASSERT_TRUE(run_until_done());
  ASSERT_FALSE(outcome->has_value());
  EXPECT_EQ(fault_of(outcome), ErrorKind::refused);
  EXPECT_EQ(outcome->error().side, Side::upstream);
}

TEST_P(ConnectTest, OpensAgainAfterARefusal) {
  Address closed = bed->closed_address();
  ASSERT_TRUE(stream.open(closed));
  scope.spawn(connect_to(stream, closed, bed->in(minutes(1)), outcome));
  ASSERT_TRUE(run_until_done());
  stream.close();
  outcome.reset();
  Address address = bed->open_backend();
  ASSERT_TRUE(stream.open(address));
  scope.spawn(connect_to(stream, address, bed->in(minutes(1)), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(outcome->has_value());
}

TEST_P(ConnectTest, CloseEndsAConnectUnderWay) {
  Address address = bed->open_backend();
  ASSERT_TRUE(stream.open(address));
  scope.spawn(connect_to(stream, address, bed->in(minutes(1)), outcome));
  ASSERT_FALSE(outcome.has_value());
  stream.close();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::cancelled);
}

TEST(SimulatedConnect, EndsAtItsDeadlineWhenNobodyAnswers) {
  testing::Simulation world;
  Address address = *Address::parse("10.0.0.1:80");
  world.engine().never_answer(address);
  PlainStream stream(world.loop(), Side::upstream);
  TaskScope scope;
  Outcome outcome;
  const TimePoint start = world.now();
  ASSERT_TRUE(stream.open(address));
  scope.spawn(connect_to(stream, address, start + seconds(1), outcome));
  ASSERT_TRUE(world.run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(fault_of(outcome), ErrorKind::timed_out);
  EXPECT_GE(world.now() - start, seconds(1));
  EXPECT_LE(world.now() - start, seconds(1) + TimerWheel::granularity);
}

}  // namespace
}  // namespace fairlead::io
