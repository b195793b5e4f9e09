#include "proxy/relay.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/http/forwarding.hpp"

namespace fairlead::proxy {

void Relay::add(std::string_view piece) {
  if (!piece.empty()) {
    pieces_[piece_count_++] = iovec{const_cast<char*>(piece.data()), piece.size()};
  }
}

Result<void> Relay::decode_into_pieces(io::Buffer& buffer, std::uint64_t& gathered) {
  const std::size_t pieces_before = piece_count_;
  while (!source_.decoder.finished() && !buffer.empty() && piece_count_ - pieces_before < pieces_max) {
    const Result<http::BodyDecoder::Step> step = source_.decoder.next(buffer.bytes());
    if (!step) {
      Error error = step.error();
      error.side = source_.stream.side();
      error.code = error.side == Side::downstream ? 400 : 502;
      return error;
    }
    buffer.skip(step->consumed);
    add(step->data);
    gathered += step->data.size();
  }
  data_bytes_ += gathered;
  // What a length or a chunk's size announces counts as well: nobody waits for bytes that will be refused.
  if (source_.data_max != 0 && data_bytes_ + source_.decoder.remaining() > source_.data_max) {
    return Error{ErrorKind::too_large, source_.stream.side(), 413, "the body is larger than this route allows"};
  }
  return {};
}

Result<void> Relay::gather(std::string_view lead, io::Buffer& buffer) {
  const std::size_t size_line = piece_count_;
  if (sink_.chunked) {
    ++piece_count_;  // the size is known once the data are
  }
  const std::size_t data_begin = piece_count_;
  add(lead);
  std::uint64_t gathered = 0;
  if (Result<void> decoded = decode_into_pieces(buffer, gathered); !decoded) {
    return decoded;
  }
  if (!sink_.chunked) {
    return {};
  }
  gathered += lead.size();
  if (piece_count_ == data_begin) {
    piece_count_ = size_line;
  } else {
    chunk_size_.clear();
    http::append_chunk_size(chunk_size_, gathered);
    pieces_[size_line] = iovec{chunk_size_.data(), chunk_size_.size()};
    add("\r\n");
  }
  if (source_.decoder.finished() && !ended_) {
    ended_ = true;
    add("0\r\n");
    add(source_.decoder.trailers());
    add("\r\n");
  }
  return {};
}

io::Task<Result<void>> Relay::write_pieces() {
  if (piece_count_ == 0) {
    co_return Result<void>();
  }
  const std::span<iovec> pieces(pieces_.data(), std::exchange(piece_count_, 0));
  const iovec first = pieces.front();
  const Result<std::size_t> written = co_await sink_.stream.write_patiently(pieces, sink_.idle);
  // Writing consumes the pieces: an untouched first one tells that nothing went out.
  wrote_nothing_ = wrote_nothing_ && !written && pieces.front().iov_base == first.iov_base &&
                   pieces.front().iov_len == first.iov_len;
  if (!written) {
    co_return written.error();
  }
  co_return Result<void>();
}

io::Task<Result<void>> Relay::send_first(std::string_view head, std::string_view lead, io::Buffer& buffer) {
  piece_count_ = 0;
  add(head);
  Result<void> done = gather(lead, buffer);
  if (done) {
    done = co_await write_pieces();
  }
  // A body in many small chunks takes more pieces than one write has.
  while (done && !finished() && !buffer.empty()) {
    done = gather({}, buffer);
    if (done) {
      done = co_await write_pieces();
    }
  }
  co_return done;
}

/// The last read brought as much as a standard buffer holds, and as much is still to come.
bool Relay::comes_in_bulk(const io::Buffer& buffer) const {
  const http::BodyDecoder& decoder = source_.decoder;
  return buffer.capacity() - buffer.space().size() >= io::BufferPool::standard_bytes &&
         (decoder.kind() != http::BodyKind::length || decoder.remaining() >= io::BufferPool::standard_bytes);
}

/// What follows a length is the next message's, and no business of large memory. One byte more is asked for, so that a
/// read which ends with the body tells that nothing is left.
std::span<char> Relay::space_for_read(const io::Buffer& buffer) const {
  const std::span<char> space = buffer.space();
  const http::BodyDecoder& decoder = source_.decoder;
  if (!io::BufferPool::is_large(buffer) || decoder.kind() != http::BodyKind::length) {
    return space;
  }
  return space.first(static_cast<std::size_t>(std::min<std::uint64_t>(space.size(), decoder.remaining() + 1)));
}

io::TimePoint Relay::read_deadline() const {
  return source_.stream.loop().now() + source_.idle;
}

void Relay::make_room(io::Buffer& buffer, bool in_bulk) {
  if (!buffer.has_memory()) {
    io::BufferPool& buffers = source_.stream.loop().buffers();
    buffer = in_bulk ? buffers.take_large() : buffers.take();
  }
  buffer.clear();
}

Result<void> Relay::take_read(const Result<std::size_t>& count, io::Buffer& buffer) {
  if (!count) {
    return count.error();
  }
  if (*count == 0 && !source_.decoder.end_of_stream()) {
    return Error{ErrorKind::closed, source_.stream.side(), 0, "the body was cut short"};
  }
  buffer.added(*count);
  return {};
}

/// Reads and writes by itself: a task that had waited for a read would hand over in a later step of the turn, when
/// others have read as well, each into memory of its own that is cold until it is written.
io::Task<Result<void>> Relay::send_rest(io::Buffer& buffer) {
  while (!finished() || (sink_.chunked && !ended_)) {
    if (buffer.empty() && !finished()) {
      const bool in_bulk = comes_in_bulk(buffer);
      if (in_bulk || io::BufferPool::is_large(buffer)) {
        buffer.reset();  // large memory is others' while this body has nothing to move
        const Result<std::size_t> there = co_await source_.stream.readable(read_deadline());
        if (!there) {
          co_return there.error();
        }
      }
      make_room(buffer, in_bulk);
      const Result<std::size_t> count = co_await source_.stream.read(space_for_read(buffer), read_deadline());
      const Result<void> taken = take_read(count, buffer);
      if (!taken) {
        co_return taken;
      }
    }
    const Result<void> gathered = gather({}, buffer);
    if (!gathered) {
      co_return gathered;
    }
    const Result<void> written = co_await write_pieces();
    if (!written) {
      co_return written;
    }
  }
  source_.stream.loop().buffers().settle(buffer);
  co_return Result<void>();
}

}  // namespace fairlead::proxy
