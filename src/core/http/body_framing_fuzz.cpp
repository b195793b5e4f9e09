// Feeds arbitrary bytes to the body decoder; the first byte of the input says how they are framed and cut. Held: pieces
// of any size give what the whole gives, each step makes progress, data are views into the input, limits hold, and the
// decoded body, chunked anew, decodes to itself.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "core/http/body_framing.hpp"
#include "core/http/forwarding.hpp"

namespace fairlead::http {
namespace {

constexpr ChunkLimits fuzz_limits{
    .extension_bytes = 16, .extension_bytes_total = 32, .trailer_bytes = 64, .trailer_fields = 3};

// A blank behind each colon makes trailers written anew longer.
constexpr ChunkLimits wide_limits{};

struct Decoded {
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  bool finished = false;
  std::string_view fault;
};

Decoded decode(std::string_view raw, std::size_t piece, BodyFraming framing, ChunkLimits limits = fuzz_limits) {
  BodyDecoder decoder(framing, limits);
  Decoded decoded;
  while (decoded.consumed < raw.size() && !decoder.finished()) {
    const std::string_view bytes = raw.substr(decoded.consumed, piece);
    const Result<BodyDecoder::Step> step = decoder.next(bytes);
    if (!step) {
      check(!decoder.next("x").has_value() && !decoder.end_of_stream().has_value(), "a failed decoder keeps failing");
      decoded.fault = step.error().detail;
      return decoded;
    }
    check(step->consumed > 0 && step->consumed <= bytes.size(), "a step makes progress within its bytes");
    check(
        step->data.empty() || (step->data.data() >= bytes.data() && step->data.end() <= bytes.data() + step->consumed),
        "data are consumed bytes");
    decoded.data += step->data;
    decoded.consumed += step->consumed;
  }
  decoded.finished = decoder.finished();
  decoded.trailers = decoder.trailers();
  check(decoder.end_of_stream().has_value() == (decoded.finished || framing.kind == BodyKind::until_close),
        "a stream may end only behind its body");
  return decoded;
}

std::string chunked_anew(const Decoded& decoded) {
  std::string raw;
  if (!decoded.data.empty()) {
    append_chunk_size(raw, decoded.data.size());
    raw.append(decoded.data).append("\r\n");
  }
  return raw.append("0\r\n").append(decoded.trailers).append("\r\n");
}

void fuzz(std::string_view raw, std::uint8_t choice) {
  constexpr BodyKind kinds[] = {BodyKind::chunked, BodyKind::chunked, BodyKind::length, BodyKind::until_close};
  const BodyFraming framing{kinds[choice % 4], choice / 4u};
  const Decoded whole = decode(raw, raw.size(), framing);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{1} + choice / 4u}) {
    const Decoded pieces = decode(raw, piece, framing);
    check(pieces.fault == whole.fault && pieces.finished == whole.finished, "in pieces as whole");
    check(!whole.fault.empty() ||
              (pieces.data == whole.data && pieces.trailers == whole.trailers && pieces.consumed == whole.consumed),
          "in pieces the same body");
  }
  check(whole.trailers.size() <= 2 * fuzz_limits.trailer_bytes, "the trailers are too long");
  if (framing.kind == BodyKind::chunked && whole.finished) {
    const std::string raw_again = chunked_anew(whole);
    const Decoded again = decode(raw_again, raw_again.size(), framing, wide_limits);
    check(again.finished && again.data == whole.data && again.trailers == whole.trailers &&
              again.consumed == raw_again.size(),
          "chunked anew it decodes to itself");
  }
}

}  // namespace
}  // namespace fairlead::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) {
    fairlead::http::fuzz({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0]);
  }
  return 0;
}
