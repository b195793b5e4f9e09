// Carries a body from one stream to another piece by piece: what has come is decoded, framed for the other side and
// written in one call, then more is read. The slower side sets the pace: nothing is read before the last piece is out,
// so a body of any size passes through one buffer: a standard one, or a large one of the loop's few while reads bring
// much, given back before more is waited for (docs/adr/0026). A slow sink holds that one buffer, however long it takes.
// Thread rule: one loop thread. Lifetime: everything handed in outlives the relay.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/http/body_framing.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"

namespace fairlead::proxy {

struct BodySource {
  io::Stream& stream;
  http::BodyDecoder& decoder;
  std::chrono::milliseconds idle;  ///< between two reads
  std::uint64_t data_max = 0;      ///< bytes of data; beyond: ErrorKind::too_large; 0: no limit
};

struct BodySink {
  io::Stream& stream;
  bool chunked;                    ///< frame the data in chunks; else as it is
  std::chrono::milliseconds idle;  ///< while nothing is taken
};

class Relay {
 public:
  Relay(BodySource source, BodySink sink) : source_(source), sink_(sink) {}

  /// Writes `head`, then `lead` as the body's first data, then all that `buffer` already holds of the body; in one
  /// write but for hundreds of tiny chunks. The buffer's bytes are skipped, not overwritten.
  io::Task<Result<void>> send_first(std::string_view head, std::string_view lead, io::Buffer& buffer);
  /// Reads and writes until the body's end. `buffer` is used for reading; what follows the body stays in it.
  io::Task<Result<void>> send_rest(io::Buffer& buffer);

  [[nodiscard]] bool finished() const { return source_.decoder.finished(); }
  /// The kernel took no byte of send_first()'s write.
  [[nodiscard]] bool wrote_nothing() const { return wrote_nothing_; }
  /// Data bytes passed on, `lead` not counted.
  [[nodiscard]] std::uint64_t data_bytes() const { return data_bytes_; }

 private:
  static constexpr std::size_t pieces_max = 64;

  void add(std::string_view piece);
  Result<void> gather(std::string_view lead, io::Buffer& buffer);
  Result<void> decode_into_pieces(io::Buffer& buffer, std::uint64_t& gathered);
  [[nodiscard]] bool comes_in_bulk(const io::Buffer& buffer) const;
  [[nodiscard]] std::span<char> space_for_read(const io::Buffer& buffer) const;
  [[nodiscard]] io::TimePoint read_deadline() const;
  void make_room(io::Buffer& buffer, bool in_bulk);
  Result<void> take_read(const Result<std::size_t>& count, io::Buffer& buffer);
  io::Task<Result<void>> write_pieces();

  BodySource source_;
  BodySink sink_;
  std::uint64_t data_bytes_ = 0;
  bool ended_ = false;  ///< the last chunk was gathered
  bool wrote_nothing_ = true;
  std::array<iovec, pieces_max + 6> pieces_;
  std::size_t piece_count_ = 0;
  std::string chunk_size_;  ///< of the chunk being gathered
};

}  // namespace fairlead::proxy
