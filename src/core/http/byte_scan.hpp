// Skips bytes of a class (character_class.hpp), sixteen at a time where the machine has SSE2, as every x86-64 does. The
// table alone says what belongs to a class: a block of sixteen is passed over only if all of it surely does, and from
// the first doubt on it's the table's turn. Used by the parsers of core/http. Pure, no state.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/http/character_class.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fairlead::http {

/// The first position in [from, end) whose byte isn't of that class, else `end`.
inline std::size_t skip_class(CharacterClass wanted, std::string_view bytes, std::size_t from, std::size_t end) {
  while (from < end && is_in(wanted, bytes[from])) {
    ++from;
  }
  return from;
}

namespace detail {

#if defined(__SSE2__)

inline __m128i all(char c) {
  return _mm_set1_epi8(c);
}
inline __m128i equal(__m128i block, char c) {
  return _mm_cmpeq_epi8(block, all(c));
}

// A bit for each byte that may be outside of the class.

/// Letters and '-': nearly all that names of fields are made of.
inline int doubts_of_token(__m128i block) {
  const __m128i small = _mm_or_si128(block, all(0x20));
  // 'a'..'z' are moved to the 26 smallest signed numbers.
  const __m128i moved = _mm_add_epi8(small, all(static_cast<char>(0x80 - 'a')));
  const __m128i letters = _mm_cmplt_epi8(moved, all(static_cast<char>(0x80 + 26)));
  return ~_mm_movemask_epi8(_mm_or_si128(letters, equal(block, '-'))) & 0xffff;
}

/// Visible ASCII without '"', '#', '<' and '>'.
inline __m128i outside_query(__m128i block) {
  const __m128i visible = _mm_cmpgt_epi8(block, all(0x20));  // as signed numbers, bytes beyond ASCII are below it
  const __m128i quotes = equal(_mm_and_si128(block, all(static_cast<char>(0xfe))), '"');
  const __m128i angles = equal(_mm_and_si128(block, all(static_cast<char>(0xfd))), '<');
  const __m128i barred = _mm_or_si128(_mm_or_si128(quotes, angles), equal(block, 0x7f));
  return _mm_or_si128(barred, _mm_andnot_si128(visible, all(static_cast<char>(0xff))));
}
inline int doubts_of_query(__m128i block) {
  return _mm_movemask_epi8(outside_query(block));
}
inline int doubts_of_path(__m128i block) {
  const __m128i marks = _mm_or_si128(equal(block, '?'), equal(block, '\\'));
  return _mm_movemask_epi8(_mm_or_si128(outside_query(block), marks));
}

inline int doubts_of_text(__m128i block) {
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, all(0x1f)), block);
  return _mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(equal(block, '\t'), control), equal(block, 0x7f)));
}

template <class DoubtsOf>
std::size_t skip_blocks(DoubtsOf doubts_of, std::string_view bytes, std::size_t from, std::size_t end) {
  while (end - from >= 16) {
    const int doubts = doubts_of(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + from)));
    if (doubts != 0) {
      return from + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(doubts)));
    }
    from += 16;
  }
  return from;
}

#else

constexpr int doubts_of_token = 0, doubts_of_query = 0, doubts_of_path = 0, doubts_of_text = 0;

inline std::size_t skip_blocks(int, std::string_view, std::size_t from, std::size_t) {
  return from;
}

#endif

}  // namespace detail

// skip_class() of one class each; `from` is at most `end`, which is at most bytes.size().

inline std::size_t skip_token(std::string_view bytes, std::size_t from, std::size_t end) {
  return skip_class(token_class, bytes, detail::skip_blocks(detail::doubts_of_token, bytes, from, end), end);
}
inline std::size_t skip_path(std::string_view bytes, std::size_t from, std::size_t end) {
  return skip_class(path_class, bytes, detail::skip_blocks(detail::doubts_of_path, bytes, from, end), end);
}
inline std::size_t skip_query(std::string_view bytes, std::size_t from, std::size_t end) {
  return skip_class(query_class, bytes, detail::skip_blocks(detail::doubts_of_query, bytes, from, end), end);
}
inline std::size_t skip_text(std::string_view bytes, std::size_t from, std::size_t end) {
  return skip_class(text_class, bytes, detail::skip_blocks(detail::doubts_of_text, bytes, from, end), end);
}

}  // namespace fairlead::http
