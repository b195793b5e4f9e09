#include "core/http/date.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace fairlead::http {
namespace {

constexpr std::string_view days = "SunMonTueWedThuFriSat";
constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::size_t name_size = 3;

void put(DateText& text, std::size_t place, std::string_view piece) {
  std::copy(piece.begin(), piece.end(), text.begin() + static_cast<std::ptrdiff_t>(place));
}

void put_number(DateText& text, std::size_t place, std::size_t digits, unsigned number) {
  for (std::size_t i = digits; i > 0; --i) {
    text[place + i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

DateText imf_fixdate(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  DateText text{};
  put(text, 0, "Day, 00 Mon 0000 00:00:00 GMT");
  put(text, 0, days.substr(name_size * std::chrono::weekday(day).c_encoding(), name_size));
  put_number(text, 5, 2, static_cast<unsigned>(date.day()));
  put(text, 8, months.substr(name_size * (static_cast<unsigned>(date.month()) - 1), name_size));
  put_number(text, 12, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_number(text, 17, 2, static_cast<unsigned>(clock.hours().count()));
  put_number(text, 20, 2, static_cast<unsigned>(clock.minutes().count()));
  put_number(text, 23, 2, static_cast<unsigned>(clock.seconds().count()));
  return text;
}

}  // namespace fairlead::http
