#include "proxy/request_body.hpp"

#include <algorithm>

namespace fairlead::proxy {

io::Task<Result<void>> read_body(DownstreamConnection& client, std::chrono::milliseconds idle, io::TimePoint deadline,
                                 std::function<bool(std::string_view)> take) {
  const Result<http::BodyFraming> framing = http::request_framing(client.memory().request);
  if (!framing) {
    co_return framing.error();
  }
  http::BodyDecoder decoder(*framing);
  if (client.memory().request.expects_continue && !decoder.finished()) {
    const Result<void> invited = co_await client.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!invited) {
      co_return invited.error();
    }
  }
  io::Buffer more;  // the head's views point into the connection's own buffer
  io::Buffer* buffer = &client.buffer();
  while (!decoder.finished()) {
    if (buffer->empty()) {
      more = client.loop().buffers().take();
      buffer = &more;
      const io::TimePoint until = std::min(client.loop().now() + idle, deadline);
      const Result<std::size_t> count = co_await client.stream().read(more.space(), until);
      if (!count) {
        co_return count.error();
      }
      if (*count == 0) {
        co_return Error{ErrorKind::closed, Side::downstream, 0, "the client left"};
      }
      more.added(*count);
    }
    const Result<http::BodyDecoder::Step> step = decoder.next(buffer->bytes());
    if (!step) {
      co_return step.error();
    }
    const bool is_taken = step->data.empty() || take(step->data);
    buffer->skip(step->consumed);
    if (!is_taken) {
      co_return Error{ErrorKind::too_large, Side::downstream, 413, "the body is too large"};
    }
  }
  if (buffer == &more) {
    client.buffer() = std::move(more);
  }
  co_return Result<void>();
}

bool skip_body_here(io::Buffer& buffer, const http::BodyFraming& framing) {
  http::BodyDecoder decoder(framing);
  while (!decoder.finished() && !buffer.empty()) {
    const Result<http::BodyDecoder::Step> step = decoder.next(buffer.bytes());
    if (!step) {
      return false;
    }
    buffer.skip(step->consumed);
  }
  return decoder.finished();
}

}  // namespace fairlead::proxy
