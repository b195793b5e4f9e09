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
class StreamFairnessInBulk : public ::testing::Test {
 protected:
  static constexpr std::size_t a_read = 256UL * 1024;
  static constexpr std::size_t a_turn = 2UL * 1024 * 1024;
  static constexpr std::size_t much = 8 * a_turn;

  struct Reader {
    Reader(testing::Simulation& world, std::uint16_t port) : link(world, Side::upstream, port) {
      link.far().set_receive_window(much);
      link.far().send(std::string(much, 'x'));
    }
    testing::ProxyLink link;
    std::vector<char> memory = std::vector<char>(a_read);
    std::size_t bytes = 0;
    std::size_t in_a_turn = 0;
    Outcome outcome;
  };

  void read_all(std::size_t streams) {
    for (std::size_t i = 0; i < streams; ++i) {
      readers.push_back(std::make_unique<Reader>(world, static_cast<std::uint16_t>(7001 + i)));
    }
    world.settle();
    for (const auto& reader : readers) {
      scope.spawn(read_in_bulk(reader->link.stream, reader->memory, reader->bytes, reader->outcome));
    }
    while (std::ranges::any_of(readers, [](const auto& reader) { return reader->bytes < much; })) {
      std::size_t total = 0;
      std::vector<std::size_t> before;
      for (const auto& reader : readers) {
        before.push_back(reader->bytes);
      }
      world.loop().run_once(world.now());
      for (std::size_t i = 0; i < readers.size(); ++i) {
        const std::size_t read = readers[i]->bytes - before[i];
        ASSERT_TRUE(read > 0 || readers[i]->bytes == much);
        readers[i]->in_a_turn = std::max(readers[i]->in_a_turn, read);
        total += read;
      }
      longest_turn = std::max(longest_turn, total);
    }
  }
  void TearDown() override {
    for (const auto& reader : readers) {
      reader->link.stream.close();
    }
    world.settle();
  }

  testing::Simulation world;
  std::vector<std::unique_ptr<Reader>> readers;
  TaskScope scope;
  std::size_t longest_turn = 0;
};

TEST_F(StreamFairnessInBulk, AReadThatBringsMuchCountsAsMany) {
  read_all(1);
  EXPECT_LE(readers[0]->in_a_turn, a_turn);
}

TEST_F(StreamFairnessInBulk, ManyStreamsShareATurnAndEachHasAReadOrTwo) {
  constexpr std::size_t streams = 20;
  read_all(streams);
  EXPECT_LE(longest_turn, 5 * a_turn + 2 * streams * a_read);  // of streams * a_turn
}

}  // namespace
}  // namespace fairlead::io
