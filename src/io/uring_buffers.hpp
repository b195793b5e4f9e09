// Memory that an io_uring receives into: a ring of buffers lent to the kernel, which takes one when bytes have come, so
// that a connection that waits holds none. What came is held, in order and without allocating, until its socket's
// reader copies it out, and each emptied buffer is lent again. Used by uring_engine alone. When all are held the kernel
// says ENOBUFS: this is the bound on what peers can make a worker hold.
// Thread rule: the loop's thread. Lifetime: outlives the ring that it is registered with.
#pragma once

#include <liburing.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fairlead::io {

class UringBuffers {
 public:
  static constexpr std::uint16_t count = 256;  ///< a power of 2; 1 MiB a worker
  static constexpr std::uint16_t group = 0;
  /// A cache line more than a page: first bytes of buffers in a row don't fall on the same lines of the cache.
  static constexpr std::size_t buffer_bytes = 4096 + 64;

  /// Buffers received and not copied out yet; in the care of the UringBuffers that filled it.
  struct Held {
    std::uint16_t first = none;
    std::uint16_t last = none;
    std::uint16_t count = 0;
    [[nodiscard]] bool empty() const { return count == 0; }
  };

  UringBuffers() = default;
  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;
  ~UringBuffers();

  /// Lends all buffers to the ring's kernel side; 0 or -errno.
  int lend_all(io_uring& ring);
  /// The kernel filled `buffer` with `bytes`.
  void hold(Held& held, std::uint16_t buffer, std::size_t bytes);
  /// Copies out as much as `memory` takes; how many bytes that is.
  std::size_t copy_out(Held& held, std::span<char> memory);
  void drop(Held& held);
  /// Lends one again that isn't held.
  void lend(std::uint16_t buffer);

 private:
  static constexpr std::uint16_t none = 0xffff;
  struct Filled {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint16_t next = none;
  };
  void lend_first(Held& held);
  [[nodiscard]] char* memory_of(std::uint16_t buffer) const { return memory_ + buffer * buffer_bytes; }

  io_uring_buf_ring* lent_ = nullptr;
  char* memory_ = nullptr;
  std::array<Filled, count> filled_{};
};

}  // namespace fairlead::io
