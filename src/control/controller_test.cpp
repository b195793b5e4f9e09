#include "control/controller.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::control {
namespace {

class Lines final : public LogSink {
 public:
  void write(LogLevel, std::string_view line) override { all += std::string(line) + '\n'; }
  [[nodiscard]] bool has(std::string_view part) const { return all.find(part) != std::string::npos; }
  std::string all;
};

class ControllerTest : public ::testing::Test {
 protected:
  static Config config() {
    Config made;
    made.pools[0].backends = {{"http://a:1", 1}};
    return made;
  }

  Lines lines;
  Log log{lines};
  std::vector<std::shared_ptr<const routing::Snapshot>> published;
  Controller controller{config(), log, [this](auto snapshot) { published.push_back(std::move(snapshot)); }};
};

TEST_F(ControllerTest, BeginsWithASnapshotOfItsConfiguration) {
  EXPECT_EQ(controller.snapshot()->version, 1U);
  EXPECT_EQ(controller.snapshot()->pools[0]->backends.size(), 1U);
  EXPECT_TRUE(published.empty());
}

TEST_F(ControllerTest, AReloadPublishesTheNext) {
  Config next = config();
  next.timeouts.idle = std::chrono::seconds(7);
  controller.reload(next);
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0]->version, 2U);
  EXPECT_EQ(published[0]->timeouts.idle, std::chrono::seconds(7));
  EXPECT_EQ(published[0], controller.snapshot());
  EXPECT_EQ(controller.reloads(), 1U);
  EXPECT_TRUE(lines.has("configuration reloaded"));
}

TEST_F(ControllerTest, AReloadForgetsNoCounts) {
  const auto before = controller.snapshot()->pools[0]->backends[0].activity;
  controller.reload(config());
  EXPECT_EQ(controller.snapshot()->pools[0]->backends[0].activity, before);
}

TEST_F(ControllerTest, AReloadKeepsTheListedBackends) {
  controller.backends_listed("default", {"http://listed:1"});
  controller.reload(config());
  EXPECT_EQ(controller.snapshot()->pools[0]->backends[0].url, "http://listed:1");
}

TEST_F(ControllerTest, NamesTheKeysThatNeedARestart) {
  Config next = config();
  next.workers = 7;
  next.listen[0].address = "0.0.0.0:5001";
  controller.reload(next);
  EXPECT_TRUE(lines.has("key=workers"));
  EXPECT_TRUE(lines.has("key=listen"));
  EXPECT_FALSE(lines.has("key=engine"));
}

TEST_F(ControllerTest, ARefusedReloadIsCountedAndChangesNothing) {
  controller.reload_failed();
  EXPECT_EQ(controller.failed_reloads(), 1U);
  EXPECT_EQ(controller.reloads(), 0U);
  EXPECT_EQ(controller.snapshot()->version, 1U);
  EXPECT_TRUE(published.empty());
}

TEST_F(ControllerTest, AChangedListPublishes) {
  controller.backends_listed("default", {"http://b:1", "http://c:1"});
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0]->pools[0]->backends.size(), 2U);
  EXPECT_TRUE(lines.has("backends changed"));
}

TEST_F(ControllerTest, TheSameListAgainPublishesNothing) {
  controller.backends_listed("default", {"http://b:1"});
  controller.backends_listed("default", {"http://b:1"});
  EXPECT_EQ(published.size(), 1U);
}

TEST_F(ControllerTest, AnotherOrderIsAChange) {
  controller.backends_listed("default", {"http://b:1", "http://c:1"});
  controller.backends_listed("default", {"http://c:1", "http://b:1"});
  EXPECT_EQ(published.size(), 2U);
}

}  // namespace
}  // namespace fairlead::control
