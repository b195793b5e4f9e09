// Parses a head for a test, whole and byte by byte, and holds the two outcomes against each other: so every test of the
// parsers is also one of their incremental side. The result owns its bytes; it can't be copied or moved.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/http/head_parser.hpp"

namespace fairlead::http::testing {

/// Feeds one byte more at a time until the parser has decided; answers how many it wanted.
template <class Parser>
std::size_t feed_bytewise(Parser& parser, std::string_view bytes, ParseStatus& status) {
  status = ParseStatus::incomplete;
  std::size_t fed = 0;
  while (fed < bytes.size() && status == ParseStatus::incomplete) {
    status = parser.parse(bytes.substr(0, ++fed));
  }
  return fed;
}

template <class Parser, class Head>
struct Parsed {
  explicit Parsed(std::string_view text, HeadLimits given = {}) : bytes(text), limits(given), parser(limits, head) {
    status = parser.parse(bytes);
    Head other_head;
    Parser other(limits, other_head);
    ParseStatus other_status{};
    fed = feed_bytewise(other, bytes, other_status);
    EXPECT_EQ(status, other_status) << bytes;
    EXPECT_EQ(parser.error(), other.error()) << parser.error().detail << " / " << other.error().detail;
    if (status == ParseStatus::complete) {
      EXPECT_EQ(head.size, other_head.size);
      EXPECT_EQ(head.fields.size(), other_head.fields.size());
    }
  }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  /// The code of the error, 0 without one.
  [[nodiscard]] int code() const { return status == ParseStatus::failed ? parser.error().code : 0; }

  std::string bytes;
  HeadLimits limits;
  Head head;
  Parser parser;
  ParseStatus status{};
  std::size_t fed = 0;  ///< bytes after which a byte-by-byte feed had its answer
};

using ParsedRequest = Parsed<RequestHeadParser, RequestHead>;
using ParsedResponse = Parsed<ResponseHeadParser, ResponseHead>;

inline int request_code(std::string_view bytes, HeadLimits limits = {}) {
  return ParsedRequest(bytes, limits).code();
}
inline int response_code(std::string_view bytes, HeadLimits limits = {}) {
  return ParsedResponse(bytes, limits).code();
}

/// A GET with Host and these field lines, each ended by CRLF.
inline std::string get_with(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

}  // namespace fairlead::http::testing
