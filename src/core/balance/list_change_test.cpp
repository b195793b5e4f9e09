#include "core/balance/list_change.hpp"

#include <gtest/gtest.h>

namespace fairlead::balance {
namespace {

using List = std::vector<ListedBackend>;
using Urls = ListChange::Urls;

TEST(ListChange, TellsWhoCameAndWhoWent) {
  const ListChange change = change_between(List{{.url = "a"}, {.url = "b"}}, List{{.url = "b"}, {.url = "c"}});
  EXPECT_EQ(change.added, Urls{"c"});
  EXPECT_EQ(change.removed, Urls{"a"});
  EXPECT_EQ(change.draining, Urls{});
}

TEST(ListChange, TellsWhoDrainsAndWhoTakesRequestsAgain) {
  const List taking{{.url = "a"}};
  const List draining{{.url = "a", .draining_since_ms = 7}};
  EXPECT_EQ(change_between(taking, draining).draining, Urls{"a"});
  EXPECT_EQ(change_between(draining, taking).taking, Urls{"a"});
}

TEST(ListChange, TellsWhoWeighsOtherwise) {
  EXPECT_EQ(change_between(List{{.url = "a"}}, List{{.url = "a", .weight = 2}}).reweighed, Urls{"a"});
}

TEST(ListChange, AnotherOrderOrARepeatIsNoneOfThese) {
  const ListChange change =
      change_between(List{{.url = "a"}, {.url = "b"}}, List{{.url = "b"}, {.url = "a"}, {.url = "a"}});
  for (const Urls& urls : {change.added, change.removed, change.draining, change.taking, change.reweighed}) {
    EXPECT_EQ(urls, Urls{});
  }
}

TEST(ListChange, ShowsAFewAndCountsTheRest) {
  EXPECT_EQ(shown(ListChange{.added = {"a"}, .removed = {"b", "c", "d"}}), "added a; removed b,c,d");
  EXPECT_EQ(shown(ListChange{.draining = {"a", "b", "c", "d", "e"}}), "drains a,b,c and 2 more");
  EXPECT_EQ(shown(ListChange{.taking = {"a"}, .reweighed = {"b"}}), "takes requests again a; weighs otherwise b");
  EXPECT_EQ(shown(ListChange{}), "order");
}

}  // namespace
}  // namespace fairlead::balance
