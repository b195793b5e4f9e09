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

/// A reload that comes while the registration is out.
class RegistrationsReloadedMeanwhile : public testing::Test {
 protected:
  /// What was out.
  Pool out_before(const std::vector<Pool>& after) {
    registrations_.reconfigure({}, {blue});
    Pool taken = registrations_.take(now)[0];
    registrations_.reconfigure({blue}, after);
    return taken;
  }
  void expect_due(io::TimePoint when, const Pool& pool) {
    ASSERT_TRUE(registrations_.is_due(when));
    EXPECT_EQ(registrations_.take(when)[0].configured, pool.configured);
  }
  void expect_nothing_open() const {
    EXPECT_FALSE(registrations_.is_due(now + std::chrono::hours(1)));
    EXPECT_EQ(completed(registrations_), List{});
    EXPECT_TRUE(registrations_.refusals().empty());
  }

  Registrations registrations_;
  const Pool smaller_{"blue", {{.url = "http://b", .weight = 2}}};
};

TEST_F(RegistrationsReloadedMeanwhile, ASuccessOfMoreThanIsLeftMakesTheRestDue) {
  EXPECT_FALSE(registrations_.done(out_before({smaller_})));
  expect_due(now, smaller_);
  registrations_.done(smaller_);
  expect_nothing_open();
}

TEST_F(RegistrationsReloadedMeanwhile, ASuccessInAnotherOrderMakesTheNewOneDue) {
  const Pool turned{"blue", {blue.configured[1], blue.configured[0]}};
  EXPECT_FALSE(registrations_.done(out_before({turned})));
  expect_due(now, turned);
}

TEST_F(RegistrationsReloadedMeanwhile, ARefusalOfMoreThanIsLeftHasTheRestTriedASecondLater) {
  EXPECT_TRUE(registrations_.refused(out_before({smaller_}), "OOM", now));
  EXPECT_FALSE(registrations_.is_due(now));
  expect_due(now + Registrations::pause, smaller_);
}

TEST_F(RegistrationsReloadedMeanwhile, WhatIsPutBackIsWhatIsLeft) {
  registrations_.put_back(out_before({smaller_}));
  expect_due(now, smaller_);
}

TEST_F(RegistrationsReloadedMeanwhile, ASuccessOfAPoolThatIsGoneOpensNothing) {
  EXPECT_FALSE(registrations_.done(out_before({})));
  expect_nothing_open();
}

TEST_F(RegistrationsReloadedMeanwhile, ARefusalOfAPoolThatIsGoneOpensNothingAndIsNoNews) {
  EXPECT_FALSE(registrations_.refused(out_before({}), "OOM", now));
  expect_nothing_open();
}

TEST_F(RegistrationsReloadedMeanwhile, ARefusalOfAPoolWithoutBackendsOpensNothing) {
  EXPECT_FALSE(registrations_.refused(out_before({{"blue", {}}}), "OOM", now));
  expect_nothing_open();
}

TEST_F(RegistrationsReloadedMeanwhile, WhatIsPutBackOfAPoolThatIsGoneOpensNothing) {
  registrations_.put_back(out_before({}));
  expect_nothing_open();
}

TEST(Registrations, ASuccessFromBeforeLostDataDoesntEndWhatIsDueSince) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  const Pool old = registrations.take(now)[0];
  registrations.restart({blue});
  registrations.done(old);
  EXPECT_TRUE(registrations.is_due(now));
}

TEST(Registrations, WhatAnOperatorTookOutIsNeitherAddedNorTriedAgain) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  registrations.refused(registrations.take(now)[0], "OOM", now);
  registrations.removed("blue", "http://a");
  registrations.removed("green", "http://b");
  const List rest{blue.configured[1]};
  EXPECT_EQ(completed(registrations), rest);
  EXPECT_EQ(registrations.take(now + Registrations::pause)[0].configured, rest);
}

TEST(Registrations, WhatAnOperatorTookOutMeanwhileLeavesTheRestToBeRegistered) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  const Pool taken = registrations.take(now)[0];
  registrations.removed("blue", "http://a");
  registrations.refused(taken, "OOM", now);
  EXPECT_EQ(registrations.take(now + Registrations::pause)[0].configured, List{blue.configured[1]});
}

TEST(Registrations, WhenAllAreTakenOutNothingIsRefusedAnyMore) {
  Registrations registrations;
  registrations.reconfigure({}, {blue});
  registrations.refused(registrations.take(now)[0], "OOM", now);
  registrations.removed("blue", "http://a");
  registrations.removed("blue", "http://b");
  EXPECT_TRUE(registrations.refusals().empty());
  EXPECT_FALSE(registrations.is_due(now + Registrations::pause));
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
