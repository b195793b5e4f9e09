#include "core/balance/shared_view.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {
namespace {

using namespace std::chrono_literals;

BackendSet two_backends(std::uint32_t own, std::uint32_t others) {
  std::vector<Backend> backends(2);
  backends[0].url = "http://a";
  backends[1].url = "http://b";
  BackendSet set(std::move(backends));
  set[0].activity->in_flight = own;
  set[0].activity->others_in_flight = others;
  return set;
}

TEST(SharedView, OneThatWasNeverToldCountsNothing) {
  const SharedView view;
  EXPECT_EQ(view.seen(5s).trust, 0);
  EXPECT_EQ(view.seen(5s).expected, 0);
}

TEST(SharedView, ExpectsWhatOthersPlaceWhileItAges) {
  SharedView view;
  view.publish({.as_of = 10s, .trusted_for = 1s, .others_per_s = 1000});
  EXPECT_FLOAT_EQ(view.seen(10s).expected, 0);
  EXPECT_FLOAT_EQ(view.seen(10s + 5ms).expected, 5);
  EXPECT_FLOAT_EQ(view.seen(10s + 5ms).trust, 1);
}

TEST(SharedView, ExpectsWhatOthersHadBegunAndNotToldYet) {
  SharedView view;
  view.publish({.as_of = 10s, .trusted_for = 1s, .others_per_s = 1000, .untold = 2.5F});
  EXPECT_FLOAT_EQ(view.seen(10s).expected, 2.5);
  EXPECT_FLOAT_EQ(view.seen(10s + 5ms).expected, 7.5);
  EXPECT_FLOAT_EQ(view.seen(10s + 1500ms).expected, 0.5F * (1500 + 2.5F));
}

TEST(SharedView, FadesOnceItIsOlderThanItIsTrustedFor) {
  SharedView view;
  view.publish({.as_of = 10s, .trusted_for = 100ms, .others_per_s = 1000});
  EXPECT_FLOAT_EQ(view.seen(10s + 100ms).trust, 1);
  EXPECT_FLOAT_EQ(view.seen(10s + 150ms).trust, 0.5);
  EXPECT_FLOAT_EQ(view.seen(10s + 150ms).expected, 75);
  EXPECT_FLOAT_EQ(view.seen(10s + 200ms).trust, 0);
  EXPECT_FLOAT_EQ(view.seen(1h).trust, 0);
}

TEST(SharedView, TheMeanStandsInForWhatIsNotTrustedAndFadesLater) {
  SharedView view;
  EXPECT_EQ(view.seen(10s).lasting, 0);
  view.publish({.as_of = 10s, .trusted_for = 100ms, .others_per_s = 1000});
  EXPECT_FLOAT_EQ(view.seen(10s + 100ms).lasting, 0);
  EXPECT_FLOAT_EQ(view.seen(10s + 150ms).lasting, 0.5);
  EXPECT_FLOAT_EQ(view.seen(10s + 500ms).lasting, 1);
  EXPECT_FLOAT_EQ(view.seen(10s + 750ms).lasting, 0.5);
  EXPECT_FLOAT_EQ(view.seen(10s + 1s).lasting, 0);
  view.publish({.as_of = 20s, .trusted_for = 0ms, .others_per_s = 1000});
  EXPECT_FLOAT_EQ(view.seen(20s).lasting, 1);
}

TEST(SharedView, OfManyInstancesEachGoesByAPartOfTheMean) {
  SharedView view;
  view.publish({.as_of = 10s, .instances = 8});
  EXPECT_FLOAT_EQ(view.seen(10s).lasting, 1);
  view.publish({.as_of = 10s, .instances = 64});
  EXPECT_FLOAT_EQ(view.seen(10s).lasting, 0.125);
}

TEST(SharedView, TheMeanFollowsWhatIsToldWithinASecond) {
  BackendActivity activity;
  tell_others(activity, 8, mean_weight(1h));
  EXPECT_FLOAT_EQ(activity.others_lasting, 8);
  for (int i = 0; i < 100; ++i) {
    tell_others(activity, 0, mean_weight(10ms));
  }
  EXPECT_EQ(activity.others_in_flight, 0u);
  EXPECT_NEAR(activity.others_lasting, 8 * std::exp(-1), 0.01);
}

TEST(SharedView, LoadsAreOwnRequestsAndTheOthersAsFarAsTrusted) {
  const BackendSet backends = two_backends(2, 10);
  std::vector<std::uint32_t> loads;
  fill_loads(backends, {.trust = 1}, loads);
  EXPECT_EQ(loads, (std::vector<std::uint32_t>{12, 0}));
  fill_loads(backends, {.trust = 0.5}, loads);
  EXPECT_EQ(loads, (std::vector<std::uint32_t>{7, 0}));
  backends[0].activity->others_lasting = 4;
  fill_loads(backends, {.trust = 0.5, .lasting = 0.5}, loads);
  EXPECT_EQ(loads, (std::vector<std::uint32_t>{9, 0}));
  fill_loads(backends, {.lasting = 1}, loads);
  EXPECT_EQ(loads, (std::vector<std::uint32_t>{6, 0}));
  fill_loads(backends, {}, loads);
  EXPECT_EQ(loads, (std::vector<std::uint32_t>{2, 0}));
}

}  // namespace
}  // namespace fairlead::balance
