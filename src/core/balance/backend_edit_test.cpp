#include "core/balance/backend_edit.hpp"

#include <gtest/gtest.h>

namespace fairlead::balance {
namespace {

using Kind = BackendEdit::Kind;
using List = std::vector<ListedBackend>;

TEST(BackendEdit, ANewBackendComesLast) {
  List list{{"http://a"}};
  EXPECT_EQ(apply({Kind::add, "http://b", 3}, list, 7), EditOutcome::added);
  EXPECT_EQ(list, (List{{"http://a"}, {"http://b", 3}}));
}

TEST(BackendEdit, AddingAgainKeepsTheWeightUnlessOneIsGiven) {
  List list{{"http://a", 4}};
  EXPECT_EQ(apply({Kind::add, "http://a", {}}, list, 7), EditOutcome::unchanged);
  EXPECT_EQ(list[0].weight, 4U);
  EXPECT_EQ(apply({Kind::add, "http://a", 2}, list, 7), EditOutcome::changed);
  EXPECT_EQ(list[0].weight, 2U);
}

TEST(BackendEdit, DrainingIsSaidSinceWhenAndEndsWithAdding) {
  List list{{"http://a"}};
  EXPECT_EQ(apply({Kind::drain, "http://a", {}}, list, 7), EditOutcome::changed);
  EXPECT_EQ(apply({Kind::drain, "http://a", {}}, list, 9), EditOutcome::unchanged);
  EXPECT_EQ(list[0].draining_since_ms, 7);
  EXPECT_EQ(apply({Kind::add, "http://a", {}}, list, 9), EditOutcome::changed);
  EXPECT_FALSE(list[0].is_draining());
}

TEST(BackendEdit, EveryEntryOfAUrlIsEdited) {
  List list{{"http://a"}, {"http://b"}, {"http://a"}};
  EXPECT_EQ(apply({Kind::drain, "http://a", {}}, list, 7), EditOutcome::changed);
  EXPECT_TRUE(list[0].is_draining() && list[2].is_draining());
  EXPECT_EQ(apply({Kind::remove, "http://a", {}}, list, 7), EditOutcome::changed);
  EXPECT_EQ(list, (List{{"http://b"}}));
}

TEST(BackendEdit, WhatIsntListedIsNeitherRemovedNorDrained) {
  List list{{"http://a"}};
  EXPECT_EQ(apply({Kind::remove, "http://b", {}}, list, 7), EditOutcome::unknown_backend);
  EXPECT_EQ(apply({Kind::drain, "http://b", {}}, list, 7), EditOutcome::unknown_backend);
  EXPECT_EQ(list.size(), 1U);
}

}  // namespace
}  // namespace fairlead::balance
