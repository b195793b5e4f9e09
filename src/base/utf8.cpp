#include "base/utf8.hpp"

#include <array>

namespace fairlead {
namespace {

/// What a first byte between `first` and `last` means.
struct Lead {
  unsigned char first;
  unsigned char last;
  std::size_t length;
  unsigned char second_least;  ///< of the second byte
  unsigned char second_most;
};

// The table of RFC 3629 section 4.
constexpr std::array leads{Lead{0xc2, 0xdf, 2, 0x80, 0xbf}, Lead{0xe0, 0xe0, 3, 0xa0, 0xbf},
                           Lead{0xe1, 0xec, 3, 0x80, 0xbf}, Lead{0xed, 0xed, 3, 0x80, 0x9f},
                           Lead{0xee, 0xef, 3, 0x80, 0xbf}, Lead{0xf0, 0xf0, 4, 0x90, 0xbf},
                           Lead{0xf1, 0xf3, 4, 0x80, 0xbf}, Lead{0xf4, 0xf4, 4, 0x80, 0x8f}};

constexpr unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

char32_t code_of(std::string_view character) {
  constexpr std::array<unsigned char, 5> masks{0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t code = byte_at(character, 0) & masks[character.size()];
  for (std::size_t at = 1; at < character.size(); ++at) {
    code = (code << 6) | (byte_at(character, at) & 0x3fU);
  }
  return code;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty() || byte_at(text, 0) < 0x80) {
    return text.empty() ? 0 : 1;
  }
  for (const Lead& lead : leads) {
    if (byte_at(text, 0) < lead.first || byte_at(text, 0) > lead.last) {
      continue;
    }
    if (text.size() < lead.length || byte_at(text, 1) < lead.second_least || byte_at(text, 1) > lead.second_most) {
      return 0;
    }
    for (std::size_t at = 2; at < lead.length; ++at) {
      if (byte_at(text, at) < 0x80 || byte_at(text, at) > 0xbf) {
        return 0;
      }
    }
    return lead.length;
  }
  return 0;
}

bool is_harmless(std::string_view character) {
  const char32_t code = code_of(character);
  const auto is_in = [code](char32_t first, char32_t last) { return code >= first && code <= last; };
  const bool is_control = code < 0x20 || is_in(0x7f, 0x9f);
  const bool is_unseen = code == 0xad || code == 0x61c || is_in(0x200b, 0x200f) || is_in(0x2028, 0x202e) ||
                         is_in(0x2060, 0x206f) || code == 0xfeff || is_in(0xfff9, 0xfffb) || is_in(0xe0000, 0xe007f);
  return !is_control && !is_unseen;
}

}  // namespace fairlead
