#include "base/units.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fairlead {
namespace {

using std::chrono::milliseconds;

TEST(Units, ReadsEachUnitOfADuration) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(parse_duration("1m"), milliseconds(60'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Units, RefusesADurationThatIsNotANumberAndAUnit) {
  for (const char* text :
       {"", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "05s", "5S", "5sec", "1m30s", "0x5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, TakesTheLongestDurationAndRefusesOneMore) {
  EXPECT_EQ(parse_duration("9223372036854775807ms"), milliseconds(std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(parse_duration("9223372036854775808ms"));
  EXPECT_FALSE(parse_duration("18446744073709551615h"));
  EXPECT_FALSE(parse_duration("5124095576030432h"));
}

TEST(Units, ReadsEachUnitOfASize) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("512"), 512U);
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("64KiB"), 65'536U);
  EXPECT_EQ(parse_size("1MiB"), 1'048'576U);
  EXPECT_EQ(parse_size("1GiB"), 1'073'741'824U);
}

TEST(Units, RefusesASizeInOtherUnits) {
  for (const char* text : {"", "KiB", "64KB", "64kib", "64K", "64 KiB", "-1", "1.5MiB", "064", "1e3", "1_000"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Units, TakesTheLargestSizeAndRefusesOneMore) {
  EXPECT_EQ(parse_size("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(parse_size("18446744073709551616"));
  EXPECT_EQ(parse_size("17179869183GiB"), 17'179'869'183ULL << 30);
  EXPECT_FALSE(parse_size("17179869184GiB"));
}

TEST(Units, FormatsADurationInItsLargestWholeUnit) {
  EXPECT_EQ(format_duration(milliseconds(250)), "250ms");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(60'000)), "1m");
  EXPECT_EQ(format_duration(milliseconds(7'200'000)), "2h");
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
  EXPECT_EQ(format_duration(milliseconds(-1'500)), "-1500ms");
}

TEST(Units, FormatsTheMostNegativeDuration) {
  EXPECT_EQ(format_duration(milliseconds(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808ms");
}

TEST(Units, FormatsASizeInItsLargestWholeUnit) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1'000), "1000B");
  EXPECT_EQ(format_size(65'536), "64KiB");
  EXPECT_EQ(format_size(64ULL << 20), "64MiB");
}

TEST(Units, ParsesAFactorOfTwoDecimalsAtMost) {
  EXPECT_EQ(parse_hundredths("1.25"), 125U);
  EXPECT_EQ(parse_hundredths("1.5"), 150U);
  EXPECT_EQ(parse_hundredths("0.07"), 7U);
  EXPECT_EQ(parse_hundredths("2"), 200U);
  for (const char* text : {"", ".", "1.", ".5", "1.255", "01.5", "-1", "+1", "1,25", "1.2x", "1.x2", "1. 2", "1e2",
                           "1.2.3", "18446744073709551615"}) {
    EXPECT_EQ(parse_hundredths(text), std::nullopt) << text;
  }
}

TEST(Units, ReadsBackWhatItFormats) {
  for (const std::uint64_t hundredths : {0ULL, 7ULL, 70ULL, 100ULL, 101ULL, 125ULL, 1'050ULL, 10'000ULL}) {
    EXPECT_EQ(parse_hundredths(format_hundredths(hundredths)), hundredths);
  }
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1'023ULL, 1'024ULL, 3ULL << 20, ~0ULL}) {
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
  }
  for (const std::int64_t count : {0LL, 1LL, 999LL, 1'000LL, 3'600'000LL, 86'400'001LL}) {
    EXPECT_EQ(parse_duration(format_duration(milliseconds(count))), milliseconds(count));
  }
}

}  // namespace
}  // namespace fairlead
