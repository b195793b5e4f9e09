#include "fleet/random_id.hpp"

#include <gtest/gtest.h>

namespace fairlead::fleet {
namespace {

TEST(RandomId, IsSixteenHexadecimalDigits) {
  const std::string id = random_id();
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(RandomId, IsAnotherEachTime) {
  EXPECT_NE(random_id(), random_id());
}

}  // namespace
}  // namespace fairlead::fleet
