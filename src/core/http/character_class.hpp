// What a byte may be in an HTTP/1.1 message (RFC 9110 section 5.6, RFC 9112 section 3.2), as one table of bits. Runs of
// bytes are skipped by byte_scan.hpp. Used by the parsers of core/http only. Pure, no state.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::http {

enum CharacterClass : std::uint8_t {
  token_class = 1,     ///< field names, methods, codings
  path_class = 2,      ///< request target before its '?'
  query_class = 4,     ///< request target behind its '?', that byte included
  reg_name_class = 8,  ///< a host's name, percent-encoding left to the caller
  text_class = 16,     ///< HTAB, SP, VCHAR, obs-text: field values, reasons, chunk extensions
};

namespace detail {

constexpr bool is_alphanumeric(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

constexpr bool is_one_of(unsigned c, std::string_view set) {
  return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr std::uint8_t classes_of(unsigned c) {
  unsigned classes = 0;
  if (is_alphanumeric(c) || is_one_of(c, "!#$%&'*+-.^_`|~")) {
    classes |= token_class;
  }
  // RFC 3986 knows fewer bytes than browsers send raw: [ ] ^ ` { | } reach servers unescaped, in queries '\' as well.
  // They mean nothing to HTTP, so they pass. '#' and '"<>' are escaped by every browser; a raw '\' in a path is '/' to
  // some servers, which would let a request get around a route.
  if (c > 0x20 && c < 0x7f && !is_one_of(c, "#\"<>")) {
    classes |= query_class;
    if (c != '\\' && c != '?') {
      classes |= path_class;
    }
  }
  // Of the sub-delims of RFC 3986 the comma is left out: it's what two Host fields look like once merged.
  if (is_alphanumeric(c) || is_one_of(c, "-._~!$&'()*+;=")) {
    classes |= reg_name_class;
  }
  if (c == '\t' || (c >= 0x20 && c != 0x7f)) {
    classes |= text_class;
  }
  return static_cast<std::uint8_t>(classes);
}

constexpr std::array<std::uint8_t, 256> make_class_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) {
    table[c] = classes_of(c);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> class_table = make_class_table();

}  // namespace detail

constexpr bool is_in(CharacterClass wanted, char c) {
  return (detail::class_table[static_cast<unsigned char>(c)] & wanted) != 0;
}

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// The value of a hex digit, -1 for any other byte.
constexpr int hex_value(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// The whole text is a token (RFC 9110 section 5.6.2).
inline bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_in(token_class, c); });
}

}  // namespace fairlead::http
