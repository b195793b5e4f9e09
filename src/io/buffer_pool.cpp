#include "io/buffer_pool.hpp"

#include <algorithm>
#include <cstring>

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
    pool_->give_back(memory_, capacity_);
    pool_ = nullptr;
    memory_ = nullptr;
    capacity_ = begin_ = end_ = 0;
  }
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(memory_, other.memory_);
  std::swap(capacity_, other.capacity_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
}

BufferPool::~BufferPool() {
  for (char* memory : kept_) {
    ::operator delete(memory);
  }
}

Buffer BufferPool::take(std::size_t bytes) {
  Buffer buffer;
  buffer.pool_ = this;
  if (bytes <= standard_bytes) {
    buffer.capacity_ = standard_bytes;
    if (!kept_.empty()) {
      buffer.memory_ = kept_.back();
      kept_.pop_back();
      return buffer;
    }
  } else {
    buffer.capacity_ = bytes;
  }
  buffer.memory_ = static_cast<char*>(::operator new(buffer.capacity_));
  return buffer;
}

void BufferPool::grow(Buffer& buffer, std::size_t bytes) {
  const std::string_view held = buffer.bytes();
  Buffer larger = take(std::max(bytes, held.size()));
  std::copy(held.begin(), held.end(), larger.memory_);
  larger.added(held.size());
  buffer = std::move(larger);
}

void BufferPool::give_back(char* memory, std::size_t capacity) {
  if (capacity == standard_bytes && kept_.size() < kept_max) {
    kept_.push_back(memory);
  } else {
    ::operator delete(memory);
  }
}

}  // namespace fairlead::io
