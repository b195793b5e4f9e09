// Bytes -> message head, strict by RFC 9112, incremental and zero-copy. There is no lenient mode: whatever another
// parser could read differently is refused (docs/adr/0003). Pure: no clock, no I/O; one parser per message.
//
// Feed it *all* bytes of the message so far, at whatever address they are now:
//     parser.parse(buffer) == ParseStatus::incomplete  -> read more, call again with the longer buffer
// Lines already accepted aren't scanned twice, so a head that trickles in costs linear time. If the bytes have moved
// since the last call, call restart() first (the views in the head point to the old place).
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.hpp"
#include "core/http/message.hpp"

namespace fairlead::http {

/// Defaults are those of the configuration's `limits`.
struct HeadLimits {
  std::size_t head = 32 * 1024;   ///< bytes of the whole head; beyond: 431
  std::size_t line = 8 * 1024;    ///< bytes of one field line; beyond: 431
  std::size_t fields = 100;       ///< beyond: 431
  std::size_t target = 8 * 1024;  ///< bytes of the request target; beyond: 414
};

enum class ParseStatus { incomplete, complete, failed };

class RequestHeadParser {
 public:
  /// Both must outlive the parser. The head is cleared.
  RequestHeadParser(const HeadLimits& limits, RequestHead& head);

  ParseStatus parse(std::string_view bytes);
  void restart();

  /// After `failed`: kind malformed or too_large, side downstream, `code` the status to answer (400, 414, 431, 505),
  /// `detail` the rule that was broken.
  [[nodiscard]] const Error& error() const { return error_; }
  /// True once a byte other than the empty lines allowed before a request line (RFC 9112 section 2.2) was seen.
  [[nodiscard]] bool started() const { return started_; }

 private:
  const HeadLimits& limits_;
  RequestHead& head_;
  Error error_{};
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  bool has_start_line_ = false;
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
  const HeadLimits& limits_;
  ResponseHead& head_;
  Error error_{};
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  bool has_start_line_ = false;
};

}  // namespace fairlead::http
