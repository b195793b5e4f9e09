#include "app/engines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace fairlead::app {
namespace {

using control::EngineChoice;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr io::UringEngine::Failure allowed{};
constexpr io::UringEngine::Failure refused{"io_uring_setup", EPERM};

TEST(DecideEngine, TakesEpollWhereItIsAskedFor) {
  EXPECT_EQ(decide_engine(EngineChoice::epoll, allowed).kind, EngineKind::epoll);
  EXPECT_FALSE(decide_engine(EngineChoice::epoll, refused).fault);
}

TEST(DecideEngine, TakesIoUringWhereItIsAllowed) {
  EXPECT_EQ(decide_engine(EngineChoice::automatic, allowed).kind, EngineKind::io_uring);
  EXPECT_EQ(decide_engine(EngineChoice::io_uring, allowed).kind, EngineKind::io_uring);
  EXPECT_EQ(decide_engine(EngineChoice::automatic, allowed).note, "");
}

TEST(DecideEngine, FallsBackToEpollAndSaysWhy) {
  const EngineDecision decision = decide_engine(EngineChoice::automatic, refused);
  EXPECT_EQ(decision.kind, EngineKind::epoll);
  EXPECT_FALSE(decision.fault);
  EXPECT_EQ(decision.note, "io_uring_setup: Operation not permitted");
}

TEST(DecideEngine, RefusesWhatIsAskedForAndCantBe) {
  const EngineDecision decision = decide_engine(EngineChoice::io_uring, refused);
  ASSERT_TRUE(decision.fault);
  EXPECT_THAT(*decision.fault, HasSubstr("io_uring_setup: Operation not permitted"));
  EXPECT_THAT(*decision.fault, HasSubstr("engine: epoll"));
}

class CollectedLines final : public LogSink {
 public:
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

TEST(Engines, MakeWhatTheyName) {
  CollectedLines lines;
  const Log log(lines);
  Engines engines(EngineChoice::epoll, log);
  EXPECT_EQ(engines.name(), "epoll");
  EXPECT_NE(engines.make(), nullptr);
  EXPECT_FALSE(engines.fault());
  EXPECT_TRUE(lines.lines.empty());
}

TEST(Engines, AlwaysHaveOneOnTheirOwnChoice) {
  CollectedLines lines;
  const Log log(lines);
  Engines engines(EngineChoice::automatic, log);
  EXPECT_NE(engines.make(), nullptr);
  if (engines.name() == "epoll") {
    EXPECT_THAT(lines.lines, ElementsAre(HasSubstr("io_uring isn't allowed here")));
  }
}

}  // namespace
}  // namespace fairlead::app
