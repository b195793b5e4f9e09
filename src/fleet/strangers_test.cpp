#include "fleet/strangers.hpp"

#include <gtest/gtest.h>

namespace fairlead::fleet {
namespace {

TEST(Strangers, OneBackendServesAllWhoHoldIt) {
  Strangers strangers;
  const balance::Backend* first = *strangers.hold("default", "http://h:81");
  EXPECT_EQ(*strangers.hold("default", "http://h:81"), first);
  EXPECT_TRUE(first->is_stranger);
  EXPECT_EQ(first->host, "h");
  EXPECT_EQ(first->port, 81);
  strangers.release(*first);
  EXPECT_EQ(strangers.size(), 1u);
  strangers.release(*first);
  EXPECT_EQ(strangers.size(), 0u);
}

TEST(Strangers, PoolsHaveTheirOwn) {
  Strangers strangers;
  EXPECT_NE(*strangers.hold("default", "http://h"), *strangers.hold("blue", "http://h"));
}

TEST(Strangers, RefusesWhatIsNoBackendAndKeepsNothingOfIt) {
  Strangers strangers;
  EXPECT_EQ(strangers.hold("default", "nonsense").error().kind, ErrorKind::malformed);
  EXPECT_EQ(strangers.size(), 0u);
}

TEST(Strangers, ReleasingAKnownBackendDoesNothing) {
  Strangers strangers;
  ASSERT_TRUE(strangers.hold("default", "http://h"));
  strangers.release(balance::Backend{});
  EXPECT_EQ(strangers.size(), 1u);
}

}  // namespace
}  // namespace fairlead::fleet
