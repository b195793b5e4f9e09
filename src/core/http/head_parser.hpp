// Bytes -> message head, strict by RFC 9112, incremental and zero-copy. There is no lenient mode: whatever another
// parser could read differently is refused (docs/adr/0004). Pure: no clock, no I/O; one parser per message.
//
// Feed it *all* bytes of the message so far, at whatever address they are now:
//     parser.parse(buffer) == ParseStatus::incomplete  -> read more, call again with the longer buffer
// Lines already accepted aren't scanned twice, so a head that trickles in costs linear time. If the bytes have moved
// since the last call, call restart() first (the views in the head point to the old place).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "core/http/field_section.hpp"
#include "core/http/head_limits.hpp"
#include "core/http/message.hpp"

namespace fairlead::http {

class RequestHeadParser {
 public:
  /// Both must outlive the parser. The head is cleared.
  RequestHeadParser(const HeadLimits& limits, RequestHead& head);

  ParseStatus parse(std::string_view bytes);
  void restart();

  /// After `failed`: kind malformed or too_large, side downstream, `code` the status to answer: 400, 414, 417 (an
  /// expectation other than 100-continue), 431, 501 (CONNECT, a method of unheard length), 505. `detail` says why.
  [[nodiscard]] const Error& error() const { return error_; }
  /// True once a byte other than the empty lines allowed before a request line (RFC 9112 section 2.2) was seen.
  [[nodiscard]] bool started() const { return started_; }

 private:
  enum class At : std::uint8_t {
    empty_lines,
    empty_line_feed,
    method,
    target,
    version,
    line_feed,
    fields,
    done,
    failed
  };

  ParseStatus advance(std::string_view bytes);
  ParseStatus scan_empty_lines(char c);
  ParseStatus scan_method(std::string_view bytes);
  ParseStatus scan_target(std::string_view bytes);
  ParseStatus scan_version(std::string_view bytes);
  void take_common_version(std::string_view bytes);
  ParseStatus take_target(std::string_view target);
  ParseStatus take_absolute_form();
  ParseStatus take_fields();
  ParseStatus take_host(const Field& field, bool repeated);
  ParseStatus fail(int code, std::string_view detail);

  const HeadLimits& limits_;
  RequestHead& head_;
  Error error_{};
  FieldSection fields_;
  std::size_t position_ = 0;
  std::size_t part_start_ = 0;  ///< of the method, target or version being scanned
  std::size_t query_mark_ = 0;  ///< offset of the target's '?', 0 while there is none
  std::size_t empty_lines_ = 0;
  At at_ = At::empty_lines;
  bool started_ = false;
};

class ResponseHeadParser {
 public:
  ResponseHeadParser(const HeadLimits& limits, ResponseHead& head);

  ParseStatus parse(std::string_view bytes);
  void restart();

  /// After `failed`: side upstream, code 502.
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  enum class At : std::uint8_t { version_and_status, reason, line_feed, fields, done, failed };

  ParseStatus advance(std::string_view bytes);
  void take_common_start(std::string_view bytes);
  ParseStatus scan_version_and_status(std::string_view bytes);
  ParseStatus scan_reason(std::string_view bytes);
  ParseStatus take_fields();
  ParseStatus fail(std::string_view detail, ErrorKind kind = ErrorKind::malformed);

  const HeadLimits& limits_;
  ResponseHead& head_;
  Error error_{};
  FieldSection fields_;
  std::size_t position_ = 0;
  At at_ = At::version_and_status;
};

}  // namespace fairlead::http
