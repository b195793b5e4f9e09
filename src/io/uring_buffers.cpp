#include "io/uring_buffers.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fairlead::io {
namespace {

constexpr std::size_t lent_bytes = UringBuffers::count * sizeof(io_uring_buf);
constexpr std::size_t memory_bytes = UringBuffers::count * UringBuffers::buffer_bytes;

/// Pages of our own, null when there are none left.
void* map(std::size_t bytes) {
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

}  // namespace

UringBuffers::~UringBuffers() {
  if (lent_ != nullptr) {
    ::munmap(lent_, lent_bytes);
  }
  if (memory_ != nullptr) {
    ::munmap(memory_, memory_bytes);
  }
}

int UringBuffers::lend_all(io_uring& ring) {
  lent_ = static_cast<io_uring_buf_ring*>(map(lent_bytes));
  memory_ = static_cast<char*>(map(memory_bytes));
  if (lent_ == nullptr || memory_ == nullptr) {
    return -ENOMEM;
  }
  io_uring_buf_ring_init(lent_);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(lent_);
  registration.ring_entries = count;
  registration.bgid = group;
  const int failed = io_uring_register_buf_ring(&ring, &registration, 0);
  if (failed != 0) {
    return failed;
  }
  for (std::uint16_t buffer = 0; buffer < count; ++buffer) {
    lend(buffer);
  }
  return 0;
}

void UringBuffers::hold(Held& held, std::uint16_t buffer, std::size_t bytes) {
  filled_[buffer] = Filled{.begin = 0, .end = static_cast<std::uint32_t>(bytes), .next = none};
  (held.empty() ? held.first : filled_[held.last].next) = buffer;
  held.last = buffer;
  ++held.count;
}

std::size_t UringBuffers::copy_out(Held& held, std::span<char> memory) {
  std::size_t copied = 0;
  while (!held.empty() && copied < memory.size()) {
    Filled& filled = filled_[held.first];
    const std::size_t bytes = std::min<std::size_t>(filled.end - filled.begin, memory.size() - copied);
    std::memcpy(memory.data() + copied, memory_of(held.first) + filled.begin, bytes);
    copied += bytes;
    filled.begin += static_cast<std::uint32_t>(bytes);
    if (filled.begin == filled.end) {
      lend_first(held);
    }
  }
  return copied;
}

void UringBuffers::drop(Held& held) {
  while (!held.empty()) {
    lend_first(held);
  }
}

void UringBuffers::lend_first(Held& held) {
  const std::uint16_t buffer = held.first;
  held.first = filled_[buffer].next;
  --held.count;
  lend(buffer);
}

void UringBuffers::lend(std::uint16_t buffer) {
  io_uring_buf_ring_add(lent_, memory_of(buffer), buffer_bytes, buffer, io_uring_buf_ring_mask(count), 0);
  io_uring_buf_ring_advance(lent_, 1);
}

}  // namespace fairlead::io
