#include "io/buffer_pool.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace fairlead::io {

bool Buffer::compact() {
  if (begin_ == 0) {
    return false;
  }
  std::memmove(memory_, memory_ + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  return true;
}

void Buffer::reset() {
  if (memory_ != nullptr) {
    shelf_->give_back(memory_);
    shelf_ = nullptr;
    memory_ = nullptr;
    capacity_ = begin_ = end_ = 0;
  }
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(shelf_, other.shelf_);
  std::swap(memory_, other.memory_);
  std::swap(capacity_, other.capacity_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
}

BufferShelf::~BufferShelf() {
  for (char* memory : kept_) {
    ::operator delete(memory);
  }
}

char* BufferShelf::take(std::size_t bytes) {
  if (kept_.empty()) {
    return static_cast<char*>(::operator new(bytes));
  }
  char* memory = kept_.back();
  kept_.pop_back();
  return memory;
}

void BufferShelf::give_back(char* memory) {
  if (kept_.size() < kept_max_) {
    kept_.push_back(memory);
  } else {
    ::operator delete(memory);
  }
}

Buffer BufferPool::take_from(BufferShelf& shelf, std::size_t bytes) {
  Buffer buffer;
  buffer.shelf_ = &shelf;
  check(bytes <= bytes_max, "a buffer is below 4 GiB");
  buffer.capacity_ = static_cast<std::uint32_t>(bytes);
  buffer.memory_ = shelf.take(bytes);
  return buffer;
}

Buffer BufferPool::take(std::size_t bytes) {
  return bytes <= standard_bytes ? take_from(standard_, standard_bytes) : take_from(unkept_, bytes);
}

Buffer BufferPool::take_large() {
  if (large_.empty()) {
    if (large_made_ == large_max) {
      return take();
    }
    ++large_made_;
  }
  return take_from(large_, large_bytes);
}

void BufferPool::grow(Buffer& buffer, std::size_t bytes) {
  const std::string_view held = buffer.bytes();
  Buffer larger = take(std::max(bytes, held.size()));
  std::copy(held.begin(), held.end(), larger.memory_);
  larger.added(held.size());
  buffer = std::move(larger);
}

void BufferPool::settle(Buffer& buffer) {
  if (!is_large(buffer) || buffer.bytes().size() > standard_bytes) {
    return;
  }
  if (buffer.empty()) {
    buffer.reset();
  } else {
    grow(buffer, standard_bytes);
  }
}

}  // namespace fairlead::io
