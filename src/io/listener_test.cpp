#include "io/listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "io/stream.hpp"
#include "support/simulation.hpp"
#include "support/test_bed.hpp"

namespace fairlead::io {
namespace {

using ::testing::ElementsAre;
using testing::FarEnd;
using ::testing::HasSubstr;
using testing::TestBed;

const Address any_port = *Address::parse("127.0.0.1:0");

class CollectedLines final : public LogSink {
 public:
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

/// Attaches what a listener hands over and remembers whose it was.
struct Accepted {
  explicit Accepted(EventLoop& event_loop) : loop(event_loop) {}
  void take(int descriptor, const Address& peer) {
    streams.push_back(std::make_unique<PlainStream>(loop, Side::downstream));
    ASSERT_TRUE(streams.back()->attach(descriptor));
    peers.push_back(peer.ip_text());
  }
  EventLoop& loop;
  std::vector<std::unique_ptr<PlainStream>> streams;
  std::vector<std::string> peers;
};

class ListenerTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::size_t count() const { return accepted.streams.size(); }
  void connect(int times) {
    for (int i = 0; i < times; ++i) {
      clients.push_back(bed->connect(listener->address()));
    }
  }

  CollectedLines lines;
  Log log{lines};
  std::unique_ptr<TestBed> bed = TestBed::make(GetParam());
  Accepted accepted{bed->loop()};
  std::unique_ptr<Listener> listener = std::make_unique<Listener>(
      bed->loop(), log, [this](int descriptor, const Address& peer) { accepted.take(descriptor, peer); });
  std::vector<std::unique_ptr<FarEnd>> clients;
};

INSTANTIATE_TEST_SUITE_P(Engines, ListenerTest, ::testing::ValuesIn(TestBed::kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(ListenerTest, TellsTheRealPort) {
  ASSERT_TRUE(listener->open(any_port));
  EXPECT_TRUE(listener->is_open());
  EXPECT_NE(listener->address().port(), 0);
}

TEST_P(ListenerTest, FailsWhenThePortIsTaken) {
  const Result<void> opened = listener->open(bed->taken_address());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::exhausted);
  EXPECT_EQ(opened.error().side, Side::internal);
  EXPECT_FALSE(listener->is_open());
}

TEST_P(ListenerTest, HandsOverConnectionsWithTheClientsAddress) {
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  connect(1);
  ASSERT_TRUE(bed->run_until([&] { return count() == 1; }));
  EXPECT_THAT(accepted.peers, ElementsAre("127.0.0.1"));
}

TEST_P(ListenerTest, HandsOverThoseThatCameBeforeStart) {
  ASSERT_TRUE(listener->open(any_port));
  connect(3);
  EXPECT_EQ(count(), 0U);
  listener->start();
  EXPECT_TRUE(bed->run_until([&] { return count() == 3; }));
}

TEST_P(ListenerTest, AcceptsManyOverSeveralTurnsWithoutWaiting) {
  ASSERT_TRUE(listener->open(any_port));
  connect(200);
  const TimePoint before = bed->loop().now();
  listener->start();
  EXPECT_EQ(count(), 64U);
  for (int turns = 0; turns < 4; ++turns) {
    bed->loop().run_once(before);
  }
  EXPECT_EQ(count(), 200U);
}

TEST_P(ListenerTest, AConnectedClientTalksToItsStream) {
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  connect(1);
  ASSERT_TRUE(bed->run_until([&] { return count() == 1; }));
  EXPECT_TRUE(accepted.streams[0]->is_quiet(true));
  clients[0]->send("hello");
  EXPECT_FALSE(accepted.streams[0]->is_quiet(true));
}

TEST_P(ListenerTest, HoldsConnectionsBackWhilePaused) {
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  bed->settle();
  listener->pause();
  connect(2);
  bed->settle();
  EXPECT_EQ(count(), 0U);
  listener->resume();
  EXPECT_TRUE(bed->run_until([&] { return count() == 2; }));
}

TEST_P(ListenerTest, ResumesInTheTurnItPaused) {
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  listener->pause();
  listener->resume();
  connect(1);
  EXPECT_TRUE(bed->run_until([&] { return count() == 1; }));
}

TEST_P(ListenerTest, HandsOverNothingAfterClose) {
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  bed->settle();
  connect(1);
  bed->engine().wait(bed->loop().now());  // accepted, not handed over yet
  listener->close();
  bed->settle();
  EXPECT_EQ(count(), 0U);
  EXPECT_FALSE(listener->is_open());
}

TEST_P(ListenerTest, MayGoWhileItWaits) {
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  bed->settle();
  listener.reset();
  bed->settle();
  EXPECT_EQ(count(), 0U);
}

TEST_P(ListenerTest, ClosesFromWithinTheHandOver) {
  auto one_shot = std::make_unique<Listener>(bed->loop(), log, [&](int descriptor, const Address& peer) {
    accepted.take(descriptor, peer);
    listener->close();
  });
  listener.swap(one_shot);
  ASSERT_TRUE(listener->open(any_port));
  connect(3);
  listener->start();
  bed->settle();
  EXPECT_EQ(count(), 1U);
}

TEST_P(ListenerTest, OpensAgainAfterClose) {
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  listener->close();
  ASSERT_TRUE(listener->open(any_port));
  listener->start();
  connect(1);
  EXPECT_TRUE(bed->run_until([&] { return count() == 1; }));
}

TEST_P(ListenerTest, SeveralLoopsShareAPort) {
  ASSERT_TRUE(listener->open(any_port));
  if (std::string(GetParam()) == "epoll") {
    Listener second(bed->loop(), log, [](int, const Address&) {});
    EXPECT_TRUE(second.open(listener->address()));
  }
}

TEST(SimulatedListener, WaitsAndTriesAgainWhenDescriptorsRunOut) {
  testing::Simulation world;
  CollectedLines lines;
  const Log log{lines};
  Accepted accepted{world.loop()};
  Listener listener(world.loop(), log, [&](int descriptor, const Address& peer) { accepted.take(descriptor, peer); });
  ASSERT_TRUE(listener.open(any_port));
  listener.start();
  world.engine().fail_accepts(EMFILE, 2);
  testing::Peer& client = world.engine().connect(listener.address());
  world.run_for(std::chrono::milliseconds(150));
  EXPECT_FALSE(client.is_connected());
  EXPECT_THAT(lines.lines, ElementsAre(HasSubstr("accept failed")));
  EXPECT_TRUE(world.run_until([&] { return client.is_connected(); }, std::chrono::seconds(1)));
}

TEST(ListenerProbe, SaysThatNoInterfaceHasAnAddress) {
  const Result<void> probed = Listener::probe(*Address::parse("192.0.2.1:5000"));  // for documentation: nobody's
  ASSERT_FALSE(probed);
  EXPECT_EQ(probed.error().code, EADDRNOTAVAIL);
  EXPECT_THAT(std::string(probed.error().detail), HasSubstr("no interface"));
}

}  // namespace
}  // namespace fairlead::io
