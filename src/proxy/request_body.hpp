// Reads a request's whole body, for services that answer by themselves instead of passing it on; or skips what is here
// of it. Bytes behind the body stay in the connection's buffer: they are the next request's.
#pragma once

#include <functional>

#include "core/http/body_framing.hpp"
#include "proxy/downstream_connection.hpp"

namespace fairlead::proxy {

/// Calls `take` with each piece; false from it ends with too_large. Invites the body first when the client expects it
/// (100 Continue). Each read waits `idle` at most, and all of it is over at `deadline`. Errors: those of framing and
/// decoding, timed_out, closed when the client left.
io::Task<Result<void>> read_body(DownstreamConnection& client, std::chrono::milliseconds idle, io::TimePoint deadline,
                                 std::function<bool(std::string_view)> take);

/// Consumes a body of that framing as far as it is in the buffer. True: all of it.
bool skip_body_here(io::Buffer& buffer, const http::BodyFraming& framing);

}  // namespace fairlead::proxy
