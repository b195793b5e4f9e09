// A list that only grows: one thread appends, any thread may read the elements published so far, without a lock.
// Elements never move, so references stay valid as long as the list. For the series of a shard and the like.
// Thread rule: emplace_back by one thread at a time; size() and operator[] below a size() seen before, by any.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/check.hpp"

namespace fairlead::metrics {

template <class T>
class AppendList {
 public:
  AppendList() = default;
  AppendList(const AppendList&) = delete;
  AppendList& operator=(const AppendList&) = delete;
  ~AppendList() {
    for (std::size_t index = size(); index > 0; --index) {
      std::destroy_at(&(*this)[index - 1]);
    }
    for (std::size_t chunk = 0; chunk < chunks_.size() && chunks_[chunk] != nullptr; ++chunk) {
      std::allocator<T>().deallocate(chunks_[chunk], first_size << chunk);
    }
  }

  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    const std::size_t index = size_.load(std::memory_order_relaxed);
    const Place place = place_of(index);
    check(place.chunk < chunks_.size(), "an append list has room");
    if (chunks_[place.chunk] == nullptr) {
      chunks_[place.chunk] = std::allocator<T>().allocate(first_size << place.chunk);
    }
    T& made = *std::construct_at(chunks_[place.chunk] + place.offset, std::forward<Arguments>(arguments)...);
    size_.store(index + 1, std::memory_order_release);
    return made;
  }

  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] T& operator[](std::size_t index) {
    const Place place = place_of(index);
    return chunks_[place.chunk][place.offset];
  }
  [[nodiscard]] const T& operator[](std::size_t index) const {
    const Place place = place_of(index);
    return chunks_[place.chunk][place.offset];
  }

 private:
  // Each chunk is twice as long as the one before it.
  static constexpr std::size_t first_size = 4;
  static constexpr std::size_t chunks_max = 26;

  struct Place {
    std::size_t chunk;
    std::size_t offset;
  };
  static Place place_of(std::size_t index) {
    const std::size_t shifted = index + first_size;
    const auto chunk = static_cast<std::size_t>(std::bit_width(shifted) - std::bit_width(first_size));
    return {chunk, shifted - (first_size << chunk)};
  }

  // A reader gets at a chunk only by an index below size_, whose release store comes after the chunk's.
  std::array<T*, chunks_max> chunks_{};
  std::atomic<std::size_t> size_{0};
};

}  // namespace fairlead::metrics
