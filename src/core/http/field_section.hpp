// The field lines of a head and the empty line that ends them (RFC 9112 section 5), incremental: each byte is looked at
// once, wherever the input is cut. Used by the two head parsers. Pure; keeps offsets, so it owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "core/http/head_limits.hpp"
#include "core/http/message.hpp"

namespace fairlead::http {

enum class ParseStatus { incomplete, complete, failed };

class FieldSection {
 public:
  /// The section starts at that offset of the bytes given to parse().
  void start(std::size_t offset);

  /// `bytes` is the message from its first byte. Appends to `fields` as lines end; `error` is set (side downstream,
  /// code 400 or 431) with `failed`.
  ParseStatus parse(std::string_view bytes, const HeadLimits& limits, FieldList& fields, Error& error);

  /// After `complete`: the offset behind the empty line.
  [[nodiscard]] std::size_t end() const { return position_; }

 private:
  enum class At : std::uint8_t { line_start, name, value, line_feed, last_line_feed };

  void take_whole_lines(std::string_view bytes, const HeadLimits& limits, FieldList& fields);
  ParseStatus begin_line(char first, const HeadLimits& limits, std::size_t field_count, Error& error);
  ParseStatus scan_name(std::string_view bytes, const HeadLimits& limits, Error& error);
  ParseStatus scan_value(std::string_view bytes, const HeadLimits& limits, Error& error);

  std::size_t position_ = 0;
  std::size_t line_start_ = 0;
  std::size_t colon_ = 0;
  At at_ = At::line_start;
};

}  // namespace fairlead::http
