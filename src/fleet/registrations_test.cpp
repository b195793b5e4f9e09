#include "fleet/registrations.hpp"

#include <gtest/gtest.h>

namespace fairlead::fleet {
namespace {

using List = Registrations::List;
using Pool = Registrations::Pool;

constexpr io::TimePoint now{std::chrono::seconds(100)};
const Pool blue{"blue", {{.url = "http://a"}, {.url = "http://b", .weight = 2}}};

List completed(const Registrations& registrations, List list = {}) {
  registrations.complete("blue", list);
  return list;
}

TEST(Registrations, AtStartAllThatIsConfiguredIsDueOnce) {
  Registrations registrations;
  registrations.reconfigure({}, {blue, {"empty", {}}});
  ASSERT_TRUE(registrations.is_due(now));
  const std::vector<Pool> taken = registrations.take(now);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].configured, blue.configured);
  EXPECT_FALSE(registrations.is_due(now));
  EXPECT_FALSE(registrations.done(taken[0]));
  EXPECT_FALSE(registrations.is_due(now + std::chrono::hours(1)));
}

TEST(Registrations, UntilItWentThroughAListIsTakenAsItWillBe) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  EXPECT_EQ(completed(registrations, {{.url = "http://hand"}, {.url = "http://a", .weight = 7}}),
            (List{{.url = "http://hand"}, {.url = "http://a", .weight = 7}, {.url = "http://b", .weight = 2}}));
  registrations.done(registrations.take(now)[0]);
  EXPECT_EQ(completed(registrations), List{});
}

TEST(Registrations, ARefusalIsNewsOnceAndTriedAgainASecondLater) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  EXPECT_TRUE(registrations.refused(registrations.take(now)[0], "OOM", now));
  EXPECT_FALSE(registrations.is_due(now + Registrations::pause - std::chrono::milliseconds(1)));
  const io::TimePoint again = now + Registrations::pause;
  ASSERT_TRUE(registrations.is_due(again));
  EXPECT_FALSE(registrations.refused(registrations.take(again)[0], "OOM", again));
  EXPECT_EQ(registrations.refusals().at("blue"), "OOM");
  EXPECT_EQ(completed(registrations), blue.configured);
  EXPECT_TRUE(registrations.done(registrations.take(again + Registrations::pause)[0]));
  EXPECT_TRUE(registrations.refusals().empty());
}

TEST(Registrations, AnotherReasonIsNewsAgain) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  EXPECT_TRUE(registrations.refused(blue, "OOM", now));
  EXPECT_TRUE(registrations.refused(blue, "READONLY", now));
}

TEST(Registrations, WhatGotNoAnswerIsDueAgain) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  ASSERT_EQ(registrations.take(now).size(), 1U);
  registrations.lost();
  EXPECT_TRUE(registrations.is_due(now));
}

TEST(Registrations, AReloadBringsInWhatIsNewAndKeepsOfTheRefusedWhatIsStillConfigured) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  registrations.refused(registrations.take(now)[0], "OOM", now);
  const Pool changed{"blue", {{.url = "http://b", .weight = 2}, {.url = "http://c"}}};
  registrations.reconfigure({blue}, {changed});
  EXPECT_EQ(completed(registrations), changed.configured);
  EXPECT_TRUE(registrations.is_due(now));
}

TEST(Registrations, AReloadRegistersNothingThatWasRegisteredAlready) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  registrations.done(registrations.take(now)[0]);
  registrations.reconfigure({blue}, {blue});
  EXPECT_FALSE(registrations.is_due(now));
  EXPECT_EQ(completed(registrations), List{});
}

TEST(Registrations, AnAnswerToWhatAReloadReplacedDoesntEndTheNewOne) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  const Pool old = registrations.take(now)[0];
  registrations.reconfigure({blue}, {{"blue", {{.url = "http://c"}}}});
  registrations.done(old);
  EXPECT_TRUE(registrations.is_due(now));
}

TEST(Registrations, AfterLostDataAllIsDueAndARefusalThatLastsIsNoNews) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  registrations.refused(blue, "OOM", now);
  registrations.restart({blue});
  EXPECT_TRUE(registrations.is_due(now));
  EXPECT_FALSE(registrations.refused(registrations.take(now)[0], "OOM", now));
}

TEST(Registrations, APoolThatLeftTheConfigurationIsForgotten) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  registrations.refused(blue, "OOM", now);
  registrations.reconfigure({blue}, {});
  EXPECT_TRUE(registrations.refusals().empty());
}

}  // namespace
}  // namespace fairlead::fleet
