#include "app/engines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "support/call_filter.hpp"

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

/// The calling thread alone gets no ring from now on.
bool refuse_rings() {
  sock_filter steps[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  return testing::filter_calls(steps);
}

/// Engines that had one ring and get no other; on a thread that ends with it.
class RefusedLater : public ::testing::Test {
 protected:
  void SetUp() override {
    if (io::UringEngine().failure()) {
      GTEST_SKIP() << "the kernel refuses io_uring from the start";
    }
  }
  void make_two(EngineChoice choice, const std::function<void(Engines&, bool is_made)>& look) {
    std::thread([&] {
      Engines engines(choice, log_);
      EXPECT_NE(engines.make(), nullptr);
      EXPECT_EQ(engines.name(), "io_uring");
      if (!refuse_rings()) {
        is_skipped_ = true;
        return;
      }
      const bool is_made = engines.make() != nullptr;
      look(engines, is_made);
    }).join();
    if (is_skipped_) {
      GTEST_SKIP() << "no seccomp here";
    }
  }

  CollectedLines lines_;
  Log log_{lines_};
  bool is_skipped_ = false;
};

TEST_F(RefusedLater, ARingThatIsLeftToUsIsMadeUpForByEpollWhichIsSaid) {
  make_two(EngineChoice::automatic, [this](Engines& engines, bool is_made) {
    EXPECT_TRUE(is_made);
    EXPECT_EQ(engines.name(), "epoll");
    EXPECT_FALSE(engines.fault());
    EXPECT_THAT(lines_.lines, ElementsAre(HasSubstr("epoll serves")));
  });
}

TEST_F(RefusedLater, ARingThatWasAskedForIsAFault) {
  make_two(EngineChoice::io_uring, [](Engines& engines, bool is_made) {
    EXPECT_FALSE(is_made);
    ASSERT_TRUE(engines.fault());
    EXPECT_THAT(*engines.fault(), HasSubstr("io_uring_setup: Operation not permitted"));
  });
}

}  // namespace
}  // namespace fairlead::app
