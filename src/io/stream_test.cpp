#include "io/stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "io/task.hpp"
#include "io/task_scope.hpp"
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

Task<> await_readable(Stream& stream, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> ready = co_await stream.readable(deadline);
  outcome = ready;
}

Task<> write_all(Stream& stream, std::string_view bytes, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> count = co_await stream.write(bytes, deadline);
  outcome = count;
}

Task<> write_pieces(Stream& stream, std::span<iovec> pieces, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> count = co_await stream.write(pieces, deadline);
  outcome = count;
}

Task<> read_to_the_end(Stream& stream, TimePoint deadline, std::string& text, Outcome& outcome) {
  std::array<char, 16> memory{};
  while (true) {
    const Result<std::size_t> count = co_await stream.read(memory, deadline);
    if (!count || *count == 0) {
      outcome = count;
      co_return;
    }
    text.append(memory.data(), *count);
  }
}

std::optional<ErrorKind> fault_of(const Outcome& outcome) {
  return outcome->has_value() ? std::nullopt : std::optional(outcome->error().kind);
}

class StreamTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    TestBed::Accepted accepted = bed->accept();
    far = std::move(accepted.far);
    ASSERT_TRUE(stream.attach(accepted.descriptor));
  }
  void TearDown() override {
    stream.close();
    bed->settle();
    ASSERT_EQ(scope.running(), 0U);
  }
  TimePoint soon() { return bed->in(minutes(1)); }
  bool run_until_done() {
    return bed->run_until([&] { return outcome.has_value(); });
  }
  std::string_view taken() const { return {memory.data(), outcome->value()}; }
  void read() { scope.spawn(read_once(stream, memory, soon(), outcome)); }

  std::unique_ptr<TestBed> bed = TestBed::make(GetParam());
  std::unique_ptr<testing::FarEnd> far;
  PlainStream stream{bed->loop(), Side::downstream};
  TaskScope scope;
  std::array<char, 64> memory{};
  Outcome outcome;
};

INSTANTIATE_TEST_SUITE_P(Engines, StreamTest, ::testing::ValuesIn(TestBed::kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(StreamTest, ReadsWhatIsThereWithoutWaiting) {
  far->send("hello");
  read();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(taken(), "hello");
}

TEST_P(StreamTest, ReadWaitsForTheFirstByte) {
  read();
  bed->settle();
  EXPECT_FALSE(outcome.has_value());
  far->send("later");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "later");
}

TEST_P(StreamTest, AShortReadIsFollowedByWhatComesNext) {
  far->send("one");
  read();
  ASSERT_TRUE(run_until_done());
  outcome.reset();
  far->send("two");
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "two");
}

TEST_P(StreamTest, AReadThatFillsItsMemoryLeavesTheRestForTheNext) {
  far->send("abcdef");
  scope.spawn(read_once(stream, std::span(memory).first(4), soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "abcd");
  outcome.reset();
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "ef");
}

TEST_P(StreamTest, AReadWithoutMemoryIsAFaultAndNotTheEnd) {
  far->send("x");
  scope.spawn(read_once(stream, std::span<char>(), soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::unexpected);
}

TEST_P(StreamTest, TheEndTogetherWithBytesIsReadAfterThem) {
  far->send("last words");
  far->end();
  std::string text;
  scope.spawn(read_to_the_end(stream, soon(), text, outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 0U);
  EXPECT_EQ(text, "last words");
}

TEST_P(StreamTest, TheEndIsSeenThatCameWithBytesWhileParked) {
  std::string text;
  scope.spawn(read_to_the_end(stream, soon(), text, outcome));
  bed->settle();
  far->send("last words");
  far->end();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(text, "last words");
}

TEST_P(StreamTest, TheEndIsSeenThatCameBetweenAnEventAndItsShortRead) {
  scope.spawn(await_readable(stream, soon(), outcome));
  far->send("bytes");
  ASSERT_TRUE(run_until_done());
  outcome.reset();
  far->end();
  std::string text;
  scope.spawn(read_to_the_end(stream, soon(), text, outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(text, "bytes");
}

TEST_P(StreamTest, TheEndIsSeenLongAfterTheBytes) {
  far->send("bytes");
  read();
  ASSERT_TRUE(run_until_done());
  outcome.reset();
  read();
  bed->settle();
  EXPECT_FALSE(outcome.has_value());
  far->end();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 0U);
}

TEST_P(StreamTest, TheEndIsReadAgainAndAgain) {
  far->end();
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 0U);
  outcome.reset();
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 0U);
}

TEST_P(StreamTest, AResetEndsAParkedRead) {
  read();
  bed->settle();
  far->reset();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::reset);
  EXPECT_EQ(outcome->error().side, Side::downstream);
}

TEST_P(StreamTest, AResetEndsAParkedWrite) {
  far->stop_reading();
  const std::string much(16 * 1024 * 1024, 'w');
  scope.spawn(write_all(stream, much, soon(), outcome));
  bed->settle();
  EXPECT_FALSE(outcome.has_value());
  far->reset();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::reset);
}

TEST_P(StreamTest, ReadableWaitsAndLeavesTheBytes) {
  scope.spawn(await_readable(stream, soon(), outcome));
  bed->settle();
  EXPECT_FALSE(outcome.has_value());
  far->send("request");
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(outcome->has_value());
  outcome.reset();
  read();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(taken(), "request");
}

TEST_P(StreamTest, ReadableWaitsAfterAReadThatTookExactlyAll) {
  far->send("full");
  scope.spawn(read_once(stream, std::span(memory).first(4), soon(), outcome));
  ASSERT_TRUE(run_until_done());
  outcome.reset();
  scope.spawn(await_readable(stream, soon(), outcome));
  bed->settle();
  EXPECT_FALSE(outcome.has_value());
  far->send("more");
  ASSERT_TRUE(run_until_done());
}

TEST_P(StreamTest, ReadableSeesTheEnd) {
  scope.spawn(await_readable(stream, soon(), outcome));
  bed->settle();
  far->end();
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(outcome->has_value());
}

TEST_P(StreamTest, AReadEndsAtItsDeadline) {
  const TimePoint deadline = bed->in(std::chrono::milliseconds(15));
  scope.spawn(read_once(stream, memory, deadline, outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::timed_out);
  EXPECT_GE(bed->loop().now(), deadline);
}

TEST_P(StreamTest, AReadAfterATimedOutOneGetsTheBytes) {
  scope.spawn(read_once(stream, memory, bed->in(seconds(0)), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::timed_out);
  outcome.reset();
  far->send("late");
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "late");
}

TEST_P(StreamTest, CancelReadEndsAParkedRead) {
  read();
  bed->settle();
  stream.cancel_read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::cancelled);
}

TEST_P(StreamTest, CancelReadWithoutAReadDoesNothing) {
  stream.cancel_read();
  far->send("still here");
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "still here");
}

TEST_P(StreamTest, CancelReadLeavesAParkedWriteAlone) {
  far->stop_reading();
  const std::string much(16 * 1024 * 1024, 'w');
  Outcome written;
  scope.spawn(write_all(stream, much, soon(), written));
  read();
  bed->settle();
  stream.cancel_read();
  ASSERT_TRUE(run_until_done());
  EXPECT_FALSE(written.has_value());
  stream.cancel_write();
  ASSERT_TRUE(bed->run_until([&] { return written.has_value(); }));
  EXPECT_EQ(fault_of(written), ErrorKind::cancelled);
}

TEST_P(StreamTest, CloseEndsWhatIsParked) {
  far->stop_reading();
  const std::string much(16 * 1024 * 1024, 'w');
  Outcome written;
  scope.spawn(write_all(stream, much, soon(), written));
  read();
  bed->settle();
  stream.close();
  ASSERT_TRUE(bed->run_until([&] { return outcome.has_value() && written.has_value(); }));
  EXPECT_EQ(fault_of(outcome), ErrorKind::cancelled);
  EXPECT_EQ(fault_of(written), ErrorKind::cancelled);
  EXPECT_FALSE(stream.is_open());
}

TEST_P(StreamTest, AClosedStreamIsCancelledAtOnce) {
  stream.close();
  read();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(fault_of(outcome), ErrorKind::cancelled);
  EXPECT_FALSE(stream.is_quiet(true));
}

TEST_P(StreamTest, WritesArrive) {
  scope.spawn(write_all(stream, "response", soon(), outcome));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(**outcome, 8U);
  EXPECT_TRUE(bed->run_until([&] { return far->received() == "response"; }));
}

TEST_P(StreamTest, PiecesArriveInOrderAlsoEmptyOnes) {
  std::string head = "head ";
  std::string body = "body";
  iovec pieces[] = {{head.data(), head.size()}, {nullptr, 0}, {body.data(), body.size()}, {nullptr, 0}};
  scope.spawn(write_pieces(stream, pieces, soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 9U);
  EXPECT_TRUE(bed->run_until([&] { return far->received() == "head body"; }));
}

TEST_P(StreamTest, AWriteLargerThanEveryWindowArrivesWhole) {
  far->stop_reading();
  std::string much(16 * 1024 * 1024, ' ');
  for (std::size_t i = 0; i < much.size(); ++i) {
    much[i] = static_cast<char>('a' + i * 31 % 26);
  }
  std::string first = much.substr(0, 3'000'001);
  std::string second = much.substr(first.size());
  iovec pieces[] = {{first.data(), first.size()}, {second.data(), second.size()}};
  scope.spawn(write_pieces(stream, pieces, soon(), outcome));
  bed->settle();
  EXPECT_FALSE(outcome.has_value());
  far->resume_reading();
  ASSERT_TRUE(bed->run_until([&] { return far->received().size() == much.size(); }));
  EXPECT_TRUE(far->received() == much);
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, much.size());
}

TEST_P(StreamTest, AWriteThatNobodyReadsEndsAtItsDeadline) {
  far->stop_reading();
  const std::string much(16 * 1024 * 1024, 'w');
  scope.spawn(write_all(stream, much, bed->in(std::chrono::milliseconds(15)), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::timed_out);
}

TEST_P(StreamTest, HalfACloseLetsTheOtherHalfGoOn) {
  scope.spawn(write_all(stream, "request", soon(), outcome));
  stream.shutdown_send();
  ASSERT_TRUE(bed->run_until([&] { return far->saw_end(); }));
  EXPECT_EQ(far->received(), "request");
  outcome.reset();
  far->send("answer");
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "answer");
}

TEST_P(StreamTest, WritingAfterHalfACloseIsAFault) {
  stream.shutdown_send();
  scope.spawn(write_all(stream, "too late", soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::reset);
}

TEST_P(StreamTest, WritesGoOnAfterThePeerHalfClosed) {
  far->end();
  read();
  ASSERT_TRUE(run_until_done());
  outcome.reset();
  scope.spawn(write_all(stream, "answer", soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(bed->run_until([&] { return far->received() == "answer"; }));
}

TEST_P(StreamTest, AReadAndAWriteParkSideBySide) {
  far->stop_reading();
  const std::string much(16 * 1024 * 1024, 'w');
  Outcome written;
  scope.spawn(write_all(stream, much, soon(), written));
  read();
  bed->settle();
  far->send("meanwhile");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "meanwhile");
  EXPECT_FALSE(written.has_value());
  stream.close();
  ASSERT_TRUE(bed->run_until([&] { return written.has_value(); }));
}

TEST_P(StreamTest, IsQuietUntilThePeerSends) {
  EXPECT_TRUE(stream.is_quiet(true));
  far->send("x");
  EXPECT_FALSE(stream.is_quiet(true));
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(stream.is_quiet(true));
}

TEST_P(StreamTest, IsNotQuietOnceThePeerEnded) {
  far->send("x");
  read();
  ASSERT_TRUE(run_until_done());
  far->end();
  EXPECT_FALSE(stream.is_quiet(true));
  bed->settle();
  EXPECT_FALSE(stream.is_quiet(false));
}

TEST_P(StreamTest, IsNotQuietOnceThePeerReset) {
  far->reset();
  bed->settle();
  EXPECT_FALSE(stream.is_quiet(true));
}

TEST_P(StreamTest, IsQuietAfterAReadThatTookExactlyAll) {
  far->send("full");
  scope.spawn(read_once(stream, std::span(memory).first(4), soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(stream.is_quiet(false));
  outcome.reset();
  far->send("next");
  read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(taken(), "next");
}

class BrokenWatchTest : public StreamTest {
 protected:
  void SetUp() override {
    StreamTest::SetUp();
    watch.context = this;
    watch.on_broken = [](BrokenWatch& told) { ++static_cast<BrokenWatchTest*>(told.context)->times; };
    watch.start();
  }
  BrokenWatch watch{stream};
  int times = 0;
};

INSTANTIATE_TEST_SUITE_P(Engines, BrokenWatchTest, ::testing::ValuesIn(TestBed::kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(BrokenWatchTest, TellsOnceOfAReset) {
  bed->settle();
  EXPECT_EQ(times, 0);
  far->reset();
  ASSERT_TRUE(bed->run_until([&] { return times > 0; }));
  bed->settle();
  EXPECT_EQ(times, 1);
}

TEST_P(BrokenWatchTest, HoldsItsPeaceWhenThePeerOnlyEnds) {
  far->send("request");
  far->end();
  bed->settle();
  EXPECT_EQ(times, 0);
}

TEST_P(BrokenWatchTest, TellsWhenBothHalvesHaveEnded) {
  far->end();
  stream.shutdown_send();
  EXPECT_TRUE(bed->run_until([&] { return times == 1; }));
}

TEST_P(BrokenWatchTest, HoldsItsPeaceOnceStoppedOrClosed) {
  watch.stop();
  far->reset();
  bed->settle();
  stream.close();
  watch.start();
  bed->settle();
  EXPECT_EQ(times, 0);
}

TEST(ErrorOf, KeepsSideAndNumber) {
  const Error error = error_of(ECONNREFUSED, Side::upstream);
  EXPECT_EQ(error.kind, ErrorKind::refused);
  EXPECT_EQ(error.side, Side::upstream);
  EXPECT_EQ(error.code, ECONNREFUSED);
  EXPECT_EQ(error_of(EMFILE, Side::internal).kind, ErrorKind::exhausted);
  EXPECT_EQ(error_of(EXDEV, Side::internal).kind, ErrorKind::unexpected);
}

}  // namespace
}  // namespace fairlead::io
