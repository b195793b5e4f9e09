#include "base/log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairlead {
namespace {

class LinesKept : public LogSink {
 public:
  void write(LogLevel level, std::string_view line) override { lines.emplace_back(level, line); }

  std::vector<std::pair<LogLevel, std::string>> lines;
};

TEST(LogLine, IsTheMessageAloneWithoutFields) {
  EXPECT_EQ(format_log_line("backend rests", {}), "backend rests");
}

TEST(LogLine, AppendsFieldsInTheirOrder) {
  EXPECT_EQ(format_log_line("backend rests", {{"url", "http://localhost:6001"}, {"failures", 5}, {"all", false}}),
            "backend rests url=http://localhost:6001 failures=5 all=false");
}

TEST(LogLine, TakesNumbersOfAllKinds) {
  EXPECT_EQ(format_log_line("m", {{"a", -1}, {"b", 18446744073709551615ULL}, {"c", 'x' - 'x'}, {"d", 0.5}}),
            "m a=-1 b=18446744073709551615 c=0 d=0.500000");
}

TEST(LogLine, QuotesWhatAReaderCouldTakeForSomethingElse) {
  EXPECT_EQ(format_log_line("m", {{"v", ""}}), "m v=\"\"");
  EXPECT_EQ(format_log_line("m", {{"v", "a b"}}), "m v=\"a b\"");
  EXPECT_EQ(format_log_line("m", {{"v", "a=b"}}), "m v=\"a=b\"");
  EXPECT_EQ(format_log_line("m", {{"v", "say \"hi\""}}), "m v=\"say \\\"hi\\\"\"");
  EXPECT_EQ(format_log_line("m", {{"v", "a\\b"}}), "m v=\"a\\\\b\"");
}

TEST(LogLine, NeverHoldsAControlCharacter) {
  EXPECT_EQ(format_log_line("m", {{"v", std::string("a\r\nerror x\x1b\0\x7f", 13)}}),
            "m v=\"a\\x0d\\x0aerror x\\x1b\\x00\\x7f\"");
}

TEST(Log, HandsLinesToItsSink) {
  LinesKept sink;
  const Log log(sink, LogLevel::debug);
  log.debug("one");
  log.info("two", {{"n", 2}});
  log.warn("three");
  log.error("four");
  EXPECT_EQ(sink.lines, (std::vector<std::pair<LogLevel, std::string>>{{LogLevel::debug, "one"},
                                                                       {LogLevel::info, "two n=2"},
                                                                       {LogLevel::warn, "three"},
                                                                       {LogLevel::error, "four"}}));
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  LinesKept sink;
  const Log log(sink, LogLevel::warn);
  log.debug("one");
  log.info("two");
  log.warn("three");
  ASSERT_EQ(sink.lines.size(), 1U);
  EXPECT_EQ(sink.lines[0].second, "three");
  EXPECT_FALSE(log.enabled(LogLevel::info));
  EXPECT_TRUE(log.enabled(LogLevel::error));
}

TEST(Log, TellsInfoAndAboveUnlessSaidOtherwise) {
  LinesKept sink;
  const Log log(sink);
  EXPECT_FALSE(log.enabled(LogLevel::debug));
  EXPECT_TRUE(log.enabled(LogLevel::info));
}

}  // namespace
}  // namespace fairlead
