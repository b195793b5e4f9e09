#include "core/balance/eligibility.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::balance {
namespace {

using Flags = std::vector<std::uint8_t>;

BackendSet three() {
  std::vector<Backend> backends;
  for (const char* url : {"http://a", "http://b", "http://c"}) {
    backends.push_back(Backend{url, "h", 80, 1, nullptr});
  }
  return BackendSet(std::move(backends));
}

TEST(Eligibility, IsAllWhenNoneWasTriedAndNoneRests) {
  Flags out{7, 7, 7, 7, 7};
  EXPECT_TRUE(fill_eligible(three(), {}, 0, out));
  EXPECT_EQ(out, (Flags{1, 1, 1}));
}

TEST(Eligibility, LeavesOutWhatWasTried) {
  Flags out;
  const std::vector<std::string_view> tried{"http://c", "http://a"};
  EXPECT_TRUE(fill_eligible(three(), tried, 0, out));
  EXPECT_EQ(out, (Flags{0, 1, 0}));
}

TEST(Eligibility, LeavesOutEveryPlaceOfWhatWasTried) {
  std::vector<Backend> repeated;
  for (const char* url : {"http://b", "http://a", "http://b"}) {
    repeated.push_back(Backend{url, "h", 80, 1, nullptr});
  }
  Flags out;
  const std::vector<std::string_view> tried{"http://b", "http://unknown"};
  EXPECT_TRUE(fill_eligible(BackendSet(std::move(repeated)), tried, 0, out));
  EXPECT_EQ(out, (Flags{0, 1, 0}));
}

TEST(Eligibility, LeavesOutWhatRestsUntilItsRestEnds) {
  const BackendSet backends = three();
  backends[1].activity->rests_until_ms = 500;
  Flags out;
  EXPECT_TRUE(fill_eligible(backends, {}, 499, out));
  EXPECT_EQ(out, (Flags{1, 0, 1}));
  EXPECT_TRUE(fill_eligible(backends, {}, 500, out));
  EXPECT_EQ(out, (Flags{1, 1, 1}));
}

TEST(Eligibility, TakesTheRestingWhenAllRest) {
  const BackendSet backends = three();
  for (const Backend& backend : backends) {
    backend.activity->rests_until_ms = 500;
  }
  Flags out;
  EXPECT_TRUE(fill_eligible(backends, {}, 0, out));
  EXPECT_EQ(out, (Flags{1, 1, 1}));
}

TEST(Eligibility, TakesTheRestingButNeverTheTriedWhenNothingElseIsLeft) {
  const BackendSet backends = three();
  backends[0].activity->rests_until_ms = 500;
  backends[1].activity->rests_until_ms = 500;
  Flags out;
  const std::vector<std::string_view> tried{"http://c", "http://a"};
  EXPECT_TRUE(fill_eligible(backends, tried, 0, out));
  EXPECT_EQ(out, (Flags{0, 1, 0}));
}

TEST(Eligibility, IsNoneWhenAllWereTried) {
  Flags out;
  const std::vector<std::string_view> tried{"http://c", "http://a", "http://b"};
  EXPECT_FALSE(fill_eligible(three(), tried, 0, out));
  EXPECT_EQ(out, (Flags{0, 0, 0}));
}

TEST(Eligibility, IsNoneForAnEmptySet) {
  Flags out{1};
  EXPECT_FALSE(fill_eligible(BackendSet(), {}, 0, out));
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace fairlead::balance
