// Text in UTF-8 (RFC 3629), a character at a time. Used where text from outside is checked or shown to people.
// Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead {

/// The bytes of the character that `text` begins with; 0 when it begins with none: it is empty, cut short, overlong, a
/// surrogate or beyond U+10FFFF.
std::size_t utf8_length(std::string_view text);

/// The character that `text` begins with, of which utf8_length() is the length, moves nothing and hides nothing on a
/// terminal: no control character, no mark of direction, no character without width.
bool is_harmless(std::string_view character);

}  // namespace fairlead
