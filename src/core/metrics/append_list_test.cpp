#include "core/metrics/append_list.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::metrics {
namespace {

TEST(AppendList, StartsEmpty) {
  EXPECT_EQ(AppendList<int>().size(), 0U);
}

TEST(AppendList, KeepsElementsInOrderAndInPlace) {
  AppendList<std::string> list;
  std::vector<const std::string*> places;
  for (int number = 0; number < 1'000; ++number) {
    places.push_back(&list.emplace_back(std::to_string(number)));
  }
  ASSERT_EQ(list.size(), 1'000U);
  for (std::size_t index = 0; index < list.size(); ++index) {
    EXPECT_EQ(list[index], std::to_string(index));
    EXPECT_EQ(&list[index], places[index]);
  }
}

TEST(AppendList, DestroysItsElements) {
  const auto counted = std::make_shared<int>(1);
  {
    AppendList<std::shared_ptr<int>> list;
    for (int copies = 0; copies < 9; ++copies) {
      list.emplace_back(counted);
    }
    EXPECT_EQ(counted.use_count(), 10);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(AppendList, ShowsAReaderWholeElementsWhileItGrows) {
  constexpr std::size_t count = 5'000;
  AppendList<std::string> list;
  std::thread writer([&list] {
    for (std::size_t number = 0; number < count; ++number) {
      list.emplace_back(std::to_string(number));
    }
  });
  std::size_t seen = 0;
  bool whole = true;
  while (seen < count) {
    seen = list.size();
    whole = whole && (seen == 0 || list[seen - 1] == std::to_string(seen - 1));
  }
  writer.join();
  EXPECT_TRUE(whole);
}

}  // namespace
}  // namespace fairlead::metrics
