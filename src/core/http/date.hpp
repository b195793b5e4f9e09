// The time in the form that Date has (RFC 9110 section 5.6.7, IMF-fixdate): "Sun, 06 Nov 1994 08:49:37 GMT". Pure.
#pragma once

#include <array>
#include <chrono>

namespace fairlead::http {

using DateText = std::array<char, 29>;

/// Of the years 0 to 9999, as the form has four digits.
DateText imf_fixdate(std::chrono::sys_seconds time);

}  // namespace fairlead::http
