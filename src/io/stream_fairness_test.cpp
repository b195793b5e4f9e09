#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "io/stream.hpp"
#include "io/task.hpp"
#include "io/task_scope.hpp"
#include "support/proxy_link.hpp"
#include "support/test_bed.hpp"

namespace fairlead::io {
namespace {

using std::chrono::minutes;
using testing::TestBed;

constexpr std::size_t plenty = 4096;  // bytes, read one by one

using Outcome = std::optional<Result<std::size_t>>;

Task<> read_one_by_one(Stream& stream, std::size_t wanted, TimePoint deadline, std::size_t& bytes, Outcome& outcome) {
  char byte = 0;
  while (bytes < wanted) {
    const Result<std::size_t> count = co_await stream.read({&byte, 1}, deadline);
    if (!count || *count == 0) {
      outcome = count;
      co_return;
    }
    bytes += *count;
  }
}

class StreamFairness : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    TestBed::Accepted accepted = bed->accept();
    far = std::move(accepted.far);
    ASSERT_TRUE(stream.attach(accepted.descriptor));
    far->send(std::string(plenty, 'x'));
    bed->settle();
  }
  void TearDown() override {
    stream.close();
    bed->settle();
    ASSERT_EQ(scope.running(), 0U);
  }
  void read(std::size_t wanted) { scope.spawn(read_one_by_one(stream, wanted, bed->in(minutes(1)), bytes, outcome)); }

  std::unique_ptr<TestBed> bed = TestBed::make(GetParam());
  std::unique_ptr<testing::FarEnd> far;
  PlainStream stream{bed->loop(), Side::downstream};
  TaskScope scope;
  std::size_t bytes = 0;
  Outcome outcome;
};

TEST_P(StreamFairness, WhoAlwaysHasSomethingToReadLetsOthersHaveATurn) {
  read(plenty);
  EXPECT_LT(bytes, plenty);
  EXPECT_TRUE(bed->run_until([&] { return bytes == plenty; }));
}

TEST_P(StreamFairness, APostponedReadCanBeCancelled) {
  read(plenty);
  stream.cancel_read();
  bed->settle();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().kind, ErrorKind::cancelled);
}

TEST_P(StreamFairness, APostponedReadEndsWithItsStream) {
  read(plenty);
  stream.close();
  bed->settle();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().kind, ErrorKind::cancelled);
}

TEST_P(StreamFairness, APostponedReadWaitsForWhatIsntThereYet) {
  read(plenty + 1);
  EXPECT_TRUE(bed->run_until([&] { return bytes == plenty; }));
  bed->settle();
  EXPECT_FALSE(outcome.has_value());
  far->send("y");
  EXPECT_TRUE(bed->run_until([&] { return bytes > plenty; }));
}

INSTANTIATE_TEST_SUITE_P(On, StreamFairness, ::testing::ValuesIn(TestBed::kinds()));

Task<> read_in_bulk(Stream& stream, std::vector<char>& memory, std::size_t& bytes, Outcome& outcome) {
  while (!outcome) {
    const Result<std::size_t> count = co_await stream.read(memory, stream.loop().now() + minutes(1));
    if (!count || *count == 0) {
      outcome = count;
    } else {
      bytes += *count;
    }
  }
}

// Simulated: no kernel has that much to be read at once.
TEST(StreamFairnessInBulk, AReadThatBringsMuchCountsAsMany) {
  constexpr std::size_t a_turn = 2UL * 1024 * 1024;
  constexpr std::size_t much = 8 * a_turn;
  testing::Simulation world;
  testing::ProxyLink link(world, Side::upstream, 7001);
  link.far().set_receive_window(much);
  link.far().send(std::string(much, 'x'));
  world.settle();
  std::vector<char> memory(256UL * 1024);
  std::size_t bytes = 0;
  Outcome outcome;
  TaskScope scope;
  scope.spawn(read_in_bulk(link.stream, memory, bytes, outcome));
  EXPECT_LE(bytes, a_turn);
  std::size_t in_a_turn = 0;
  while (bytes < much) {
    const std::size_t before = bytes;
    world.loop().run_once(world.now());
    in_a_turn = std::max(in_a_turn, bytes - before);
    ASSERT_GT(bytes, before);
  }
  EXPECT_LE(in_a_turn, a_turn);
  link.stream.close();
  world.settle();
}

}  // namespace
}  // namespace fairlead::io
