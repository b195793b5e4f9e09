// Where a message's body ends (RFC 9112 section 6) and the decoder that follows it byte by byte. Strict: both
// Content-Length and Transfer-Encoding, a repeated or malformed length, any coding but one `chunked`, chunked in
// HTTP/1.0, bad chunk sizes, extensions or trailers beyond their limits are errors. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/http/message.hpp"

namespace fairlead::http {

enum class BodyKind : std::uint8_t {
  none,         ///< no body, whatever the head says (a HEAD's answer, 1xx, 204, 304), or no length in a request
  length,       ///< exactly `length` bytes
  chunked,      ///< chunks, then trailers
  until_close,  ///< a response that ends with its connection
};

struct BodyFraming {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;  ///< for BodyKind::length
};

/// Error: side downstream, code 400 (501 for a transfer coding that isn't chunked).
Result<BodyFraming> request_framing(const RequestHead& head);
/// `request_method` decides whether a body follows at all. Error: side upstream, code 502.
Result<BodyFraming> response_framing(const ResponseHead& head, Method request_method);

/// Limits on what surrounds the data of a chunked body; each is answered as malformed when passed.
struct ChunkLimits {
  std::size_t extension_bytes = 256;              ///< in one chunk's size line
  std::size_t extension_bytes_total = 16 * 1024;  ///< over the body
  std::size_t trailer_bytes = 8 * 1024;           ///< of the whole trailer section
  std::size_t trailer_fields = 32;
};

/// Takes raw bytes as they come and gives back the body's data as views into them.
class BodyDecoder {
 public:
  explicit BodyDecoder(BodyFraming framing = {}, ChunkLimits limits = {});

  struct Step {
    std::size_t consumed = 0;  ///< raw bytes used up, data included
    std::string_view data;     ///< a piece of the body; empty when only framing was consumed
  };
  /// One step; call until `raw` is used up or finished(). Consumes at least a byte of non-empty `raw` unless finished.
  /// Error: malformed, with a `detail`; the side and code are for the caller to set by who sent it.
  Result<Step> next(std::string_view raw);

  /// The whole body was seen. `none` and `length` 0 are finished at once; until_close only after end_of_stream().
  [[nodiscard]] bool finished() const;
  /// The peer ended its stream: finishes until_close; otherwise an Error says that the body was cut short.
  Result<void> end_of_stream();
  /// Data bytes announced and still to come: of the body for BodyKind::length, of the chunk under way for chunked.
  [[nodiscard]] std::uint64_t remaining() const { return remaining_; }
  [[nodiscard]] BodyKind kind() const { return framing_.kind; }

  /// Trailer fields that may be passed on (framing, routing, authentication and hop-by-hop names are dropped,
  /// RFC 9110 section 6.5.1), each as "Name: value\r\n"; empty when there are none. Valid once finished().
  [[nodiscard]] std::string_view trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, done, failed };

  Step take_data(std::string_view raw, std::size_t offset);
  /// One byte of what surrounds the data. Empty: it was in order; else the rule that it broke.
  std::string_view take_framing(char c);
  std::string_view take_size(char c);
  std::string_view take_extension(char c);
  std::string_view take_size_end(char c);
  std::string_view take_trailer(char c);
  std::string_view end_trailer_line();

  BodyFraming framing_;
  ChunkLimits limits_;
  State state_ = State::done;
  std::uint64_t remaining_ = 0;
  std::size_t size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t extension_bytes_total_ = 0;
  std::size_t trailer_fields_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_colon_ = 0;  ///< in trailer_line_, 0 while there is none
  std::string trailer_line_;
  std::string trailers_;
};

}  // namespace fairlead::http
