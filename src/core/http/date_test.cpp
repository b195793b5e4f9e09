#include "core/http/date.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

std::string text_of(sys_seconds time) {
  const DateText text = imf_fixdate(time);
  return {text.begin(), text.end()};
}

TEST(ImfFixdate, IsTheFormOfTheStandardsOwnExample) {
  EXPECT_EQ(text_of(sys_days(1994y / 11 / 6) + 8h + 49min + 37s), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(ImfFixdate, HoldsAtTheEdgesOfDaysMonthsAndYears) {
  EXPECT_EQ(text_of(sys_seconds(0s)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(text_of(sys_days(1999y / 12 / 31) + 24h - 1s), "Fri, 31 Dec 1999 23:59:59 GMT");
  EXPECT_EQ(text_of(sys_days(2000y / 2 / 29)), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(text_of(sys_days(9999y / 12 / 31)), "Fri, 31 Dec 9999 00:00:00 GMT");
}

TEST(ImfFixdate, NamesEveryDayAndMonth) {
  const char* const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (unsigned month = 1; month <= 12; ++month) {
    EXPECT_EQ(text_of(sys_days(2026y / std::chrono::month(month) / 15)).substr(8, 3), months[month - 1]);
  }
  const char* const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  for (int day = 0; day < 7; ++day) {
    EXPECT_EQ(text_of(sys_days(2026y / 11 / 22) + day * 24h).substr(0, 3), days[day]);
  }
}

}  // namespace
}  // namespace fairlead::http
