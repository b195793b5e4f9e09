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

TEST_F(ControllerTest, AReloadNamesWhatChanged) {
  controller.reload(config());
  EXPECT_TRUE(lines.has("configuration reloaded generation=2 changed=nothing"));
  Config next = config();
  next.timeouts.idle = std::chrono::seconds(7);
  next.admin_token = "another";
  next.pools[0].backends[0].weight = 2;
  controller.reload(next);
  EXPECT_TRUE(lines.has("changed=admin,timeouts,pools"));
  EXPECT_FALSE(lines.has("another"));
}

TEST_F(ControllerTest, SaysWhatBecameOfAList) {
  controller.backends_listed("default", {{"http://a:1"}, {"http://b:1"}});
  EXPECT_TRUE(lines.has("backends changed pool=default backends=2 change=\"added http://b:1\""));
  controller.edit("default", {balance::BackendEdit::Kind::drain, "http://a:1", {}}, 1);
  EXPECT_TRUE(lines.has("change=\"drains http://a:1\""));
}

TEST_F(ControllerTest, AListThatIsWhatTheFileSaysIsNoChange) {
  controller.backends_listed("default", {{"http://a:1"}});
  EXPECT_FALSE(lines.has("backends changed"));
}

TEST_F(ControllerTest, WarnsOnceWhenNobodyIsLeftAndSaysWhenSomebodyIsThereAgain) {
  controller.backends_listed("default", {{.url = "http://a:1", .draining_since_ms = 7}});
  controller.reload(config());
  const std::string warning = "no backend of a pool takes requests, they are answered 503 pool=default draining=1";
  EXPECT_TRUE(lines.has(warning));
  EXPECT_EQ(lines.all.find(warning, lines.all.find(warning) + 1), std::string::npos);
  EXPECT_FALSE(lines.has("again"));
  controller.backends_listed("default", {{"http://a:1"}});
  EXPECT_TRUE(lines.has("backends of a pool take requests again pool=default backends=1"));
}

TEST_F(ControllerTest, AReloadForgetsNoCounts) {
  const auto before = controller.snapshot()->pools[0]->backends[0].activity;
  controller.reload(config());
  EXPECT_EQ(controller.snapshot()->pools[0]->backends[0].activity, before);
}

TEST_F(ControllerTest, AReloadKeepsTheListedBackends) {
  controller.backends_listed("default", {{"http://listed:1"}});
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
  controller.backends_listed("default", {{"http://b:1"}, {"http://c:1"}});
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0]->pools[0]->backends.size(), 2U);
  EXPECT_TRUE(lines.has("backends changed"));
}

TEST_F(ControllerTest, TheSameListAgainPublishesNothing) {
  controller.backends_listed("default", {{"http://b:1"}});
  controller.backends_listed("default", {{"http://b:1"}});
  EXPECT_EQ(published.size(), 1U);
}

TEST_F(ControllerTest, AnEditPublishes) {
  using Kind = balance::BackendEdit::Kind;
  EXPECT_EQ(controller.edit("default", {Kind::add, "http://b:1", 2}, 7), balance::EditOutcome::added);
  EXPECT_EQ(controller.edit("default", {Kind::drain, "http://a:1", {}}, 7), balance::EditOutcome::changed);
  ASSERT_EQ(published.size(), 2U);
  const routing::Pool& pool = *published[1]->pools[0];
  ASSERT_EQ(pool.backends.size(), 1U);
  EXPECT_EQ(pool.backends[0].url, "http://b:1");
  EXPECT_EQ(pool.backends[0].weight, 2U);
  ASSERT_EQ(pool.draining.size(), 1U);
  EXPECT_EQ(pool.draining[0].activity, published[0]->pools[0]->backends[0].activity);
}

TEST_F(ControllerTest, AnEditThatChangesNothingPublishesNothing) {
  using Kind = balance::BackendEdit::Kind;
  EXPECT_EQ(controller.edit("default", {Kind::add, "http://a:1", {}}, 7), balance::EditOutcome::unchanged);
  EXPECT_EQ(controller.edit("default", {Kind::remove, "http://x:1", {}}, 7), balance::EditOutcome::unknown_backend);
  EXPECT_TRUE(published.empty());
}

TEST_F(ControllerTest, AReloadBringsWhatTheFileChangedIntoAnEditedList) {
  using Kind = balance::BackendEdit::Kind;
  controller.edit("default", {Kind::add, "http://edited:1", {}}, 7);
  Config next = config();
  next.pools[0].backends = {{"http://a:1", 3}, {"http://new:1", 1}};
  controller.reload(next);
  EXPECT_EQ(controller.list_of("default"),
            (std::vector<balance::ListedBackend>{{"http://a:1", 3}, {"http://edited:1"}, {"http://new:1"}}));
  next.pools[0].backends = {{"http://new:1", 1}};
  controller.reload(next);
  EXPECT_EQ(controller.list_of("default"),
            (std::vector<balance::ListedBackend>{{"http://edited:1"}, {"http://new:1"}}));
}

TEST_F(ControllerTest, AKeyThatIsReadAtStartIsHeldAgainstWhatRuns) {
  const auto warns = [this](const Config& next) {
    lines.all.clear();
    controller.reload(next);
    return lines.has("key=workers");
  };
  Config other = config();
  other.workers = config().workers + 1;
  EXPECT_TRUE(warns(other));
  EXPECT_TRUE(warns(other));  // still another
  EXPECT_FALSE(warns(config()));
}

TEST_F(ControllerTest, AnotherOrderIsAChange) {
  controller.backends_listed("default", {{"http://b:1"}, {"http://c:1"}});
  controller.backends_listed("default", {{"http://c:1"}, {"http://b:1"}});
  EXPECT_EQ(published.size(), 2U);
}

}  // namespace
}  // namespace fairlead::control
