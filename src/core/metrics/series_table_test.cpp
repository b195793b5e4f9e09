#include "core/metrics/series_table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::metrics {
namespace {

Family family_of(std::vector<std::string> labels, std::size_t series_max = 4096) {
  Family family;
  family.name = "tests_total";
  family.labels = std::move(labels);
  family.series_max = series_max;
  return family;
}

TEST(SeriesTable, FindsTheSameSeriesForTheSameLabels) {
  const Family family = family_of({"a", "b"});
  SeriesTable table(family);
  Series& first = table.find({"x", "y"});
  EXPECT_EQ(&table.find({"x", "y"}), &first);
  EXPECT_EQ(table.series().size(), 1U);
  EXPECT_EQ(first.label_values, (std::vector<std::string>{"x", "y"}));
}

TEST(SeriesTable, KeepsLabelsApartByPosition) {
  const Family family = family_of({"a", "b"});
  SeriesTable table(family);
  EXPECT_NE(&table.find({"x", "y"}), &table.find({"y", "x"}));
  EXPECT_NE(&table.find({"xy", ""}), &table.find({"x", "y"}));
  EXPECT_NE(&table.find({"", "xy"}), &table.find({"xy", ""}));
}

TEST(SeriesTable, HasOneSeriesWithoutLabels) {
  const Family family = family_of({});
  SeriesTable table(family);
  EXPECT_EQ(&table.find({}), &table.find({}));
}

TEST(SeriesTable, FindsAllSeriesAgainAfterGrowing) {
  const Family family = family_of({"n"});
  SeriesTable table(family);
  std::vector<Series*> made;
  for (int number = 0; number < 1'000; ++number) {
    made.push_back(&table.find({std::to_string(number)}));
  }
  for (int number = 0; number < 1'000; ++number) {
    EXPECT_EQ(&table.find({std::to_string(number)}), made[static_cast<std::size_t>(number)]);
  }
  EXPECT_EQ(table.series().size(), 1'000U);
}

TEST(SeriesTable, FoldsWhatIsBeyondItsMaximumIntoOther) {
  const Family family = family_of({"a", "b"}, 2);
  SeriesTable table(family);
  Series& first = table.find({"1", "x"});
  Series& second = table.find({"2", "x"});
  EXPECT_EQ(second.label_values, (std::vector<std::string>{"2", "x"}));
  Series& third = table.find({"3", "x"});
  EXPECT_EQ(third.label_values, (std::vector<std::string>{"_other", "_other"}));
  EXPECT_EQ(&table.find({"4", "y"}), &third);
  EXPECT_EQ(&table.find({"1", "x"}), &first);
  EXPECT_EQ(table.series().size(), 3U);
}

TEST(SeriesTable, KeepsEachSeriesOnCacheLinesOfItsOwn) {
  EXPECT_EQ(alignof(Series), 64U);
  EXPECT_EQ(sizeof(Series) % 64, 0U);
}

}  // namespace
}  // namespace fairlead::metrics
