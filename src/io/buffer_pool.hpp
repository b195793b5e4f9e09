// Memory for bytes on their way. A connection takes a buffer when bytes come and gives it back before it waits for its
// next request, so an idle connection holds none. One pool a loop. Buffers of standard_bytes are recycled, at most
// kept_max of them; those for large heads come from the heap. Bodies that come in bulk are moved through a few large
// ones, held only while they have bytes in them: they go round between all bodies, the one used last first, and a
// worker never has more than large_max of them (docs/adr/0026).
// Thread rule: one loop thread. Lifetime: buffers return to their pool, which outlives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::io {

class BufferPool;

/// Memory that came back, for the next who takes some. Who takes from a shelf that keeps some asks for the same
/// size each time.
class BufferShelf {
 public:
  explicit BufferShelf(std::size_t kept_max) : kept_max_(kept_max) {}
  BufferShelf(const BufferShelf&) = delete;
  BufferShelf& operator=(const BufferShelf&) = delete;
  ~BufferShelf();

  [[nodiscard]] bool empty() const { return kept_.empty(); }
  /// From the shelf, the one given back last; else from the heap.
  char* take(std::size_t bytes);
  void give_back(char* memory);

 private:
  std::size_t kept_max_;
  std::vector<char*> kept_;
};

/// Bytes received and not consumed yet, at the front of a piece of memory. Move-only; empty without memory.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer moved(std::move(other));
    swap(moved);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { reset(); }

  [[nodiscard]] bool has_memory() const { return memory_ != nullptr; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::string_view bytes() const { return {memory_ + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  /// Where the next bytes go; may be empty.
  [[nodiscard]] std::span<char> space() const { return {memory_ + end_, memory_ + capacity_}; }
  void added(std::size_t count) { end_ += static_cast<std::uint32_t>(count); }
  void consume(std::size_t count) {
    skip(count);
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }
  void clear() { begin_ = end_ = 0; }
  /// Consumes without ever reusing the memory in front, so that restore() can give the bytes back.
  void skip(std::size_t count) { begin_ += static_cast<std::uint32_t>(count); }
  [[nodiscard]] std::size_t position() const { return begin_; }
  /// Back to a position() of before; nothing may have been moved or added since but by skip().
  void restore(std::size_t position) { begin_ = static_cast<std::uint32_t>(position); }
  /// Moves the bytes to the front, so that all free memory is behind them. True if they moved.
  bool compact();
  /// Gives the memory back.
  void reset();

 private:
  friend class BufferPool;
  void swap(Buffer& other) noexcept;

  BufferShelf* shelf_ = nullptr;
  char* memory_ = nullptr;
  // Of memory; BufferPool::bytes_max fits, and every connection holds a Buffer.
  std::uint32_t capacity_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

class BufferPool {
 public:
  static constexpr std::size_t bytes_max = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::size_t standard_bytes = 16 * 1024;
  static constexpr std::size_t kept_max = 128;  ///< 2 MiB a worker
  static constexpr std::size_t large_bytes = 256 * 1024;
  static constexpr std::size_t large_max = 16;  ///< 4 MiB a worker, in use or not

  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// An empty buffer of at least `bytes`.
  Buffer take(std::size_t bytes = standard_bytes);
  /// A buffer of large_bytes; a standard one while all large ones are in use.
  Buffer take_large();
  /// Moves what `buffer` holds into a new one of at least `bytes`.
  void grow(Buffer& buffer, std::size_t bytes);
  [[nodiscard]] static bool is_large(const Buffer& buffer) { return buffer.capacity() >= large_bytes; }
  /// Gives large memory back and moves what it holds into a standard buffer, if that has room for it.
  void settle(Buffer& buffer);

 private:
  static Buffer take_from(BufferShelf& shelf, std::size_t bytes);

  BufferShelf standard_{kept_max};
  BufferShelf large_{large_max};
  BufferShelf unkept_{0};
  std::size_t large_made_ = 0;
};

}  // namespace fairlead::io
