// What a chunked body on the wire carries, for tests that look at bytes sent.
#pragma once

#include <string>
#include <string_view>

#include "core/http/body_framing.hpp"

namespace fairlead::testing {

struct ChunkedBody {
  std::string data;
  bool is_whole = false;  ///< ended, and nothing comes behind it
};

/// A body that may still be on its way; "malformed" if it can't be one.
inline ChunkedBody chunked_body(std::string_view wire) {
  http::BodyDecoder decoder({http::BodyKind::chunked, 0});
  ChunkedBody body;
  while (!wire.empty() && !decoder.finished()) {
    const Result<http::BodyDecoder::Step> step = decoder.next(wire);
    if (!step) {
      return {"malformed", false};
    }
    body.data += step->data;
    wire.remove_prefix(step->consumed);
  }
  body.is_whole = decoder.finished() && wire.empty();
  return body;
}

/// The data of one that is whole.
inline std::string dechunked(std::string_view wire) {
  const ChunkedBody body = chunked_body(wire);
  return body.is_whole ? body.data : "not ended";
}

}  // namespace fairlead::testing
