// Recycles coroutine frames, so that a request in steady state allocates none. One pool a thread; a frame is given back
// on the thread that took it (tasks never change threads). Bounded: beyond kept_max a class's frames go to the heap.
// Under AddressSanitizer every frame comes from the heap, so that a use after the end is seen.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define FAIRLEAD_RECYCLE_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAIRLEAD_RECYCLE_FRAMES 0
#endif
#endif
#ifndef FAIRLEAD_RECYCLE_FRAMES
#define FAIRLEAD_RECYCLE_FRAMES 1
#endif

namespace fairlead::io {

class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    for (FreeList& list : lists_) {
      while (list.first != nullptr) {
        ::operator delete(std::exchange(list.first, list.first->next));
      }
    }
  }

  void* allocate(std::size_t size) {
    const std::size_t index = class_of(size);
    if (index >= class_count) {
      return ::operator new(size);
    }
    FreeList& list = lists_[index];
    if (list.first == nullptr) {
      return ::operator new((index + 1) * class_bytes);
    }
    --list.kept;
    return std::exchange(list.first, list.first->next);
  }

  void release(void* frame, std::size_t size) {
    const std::size_t index = class_of(size);
    if (index >= class_count || lists_[index].kept >= kept_max) {
      ::operator delete(frame);
      return;
    }
    FreeList& list = lists_[index];
    list.first = new (frame) FreeFrame{list.first};
    ++list.kept;
  }

  static FramePool& of_this_thread() {
    static thread_local FramePool pool;
    return pool;
  }

 private:
  static constexpr std::size_t class_bytes = 32;
  static constexpr std::size_t class_count = FAIRLEAD_RECYCLE_FRAMES ? 256 : 0;  // up to 8 KiB
  static constexpr std::size_t kept_max = 256;

  struct FreeFrame {
    FreeFrame* next;
  };
  struct FreeList {
    FreeFrame* first = nullptr;
    std::size_t kept = 0;
  };
  static std::size_t class_of(std::size_t size) { return (size - 1) / class_bytes; }

  std::array<FreeList, class_count == 0 ? 1 : class_count> lists_{};
};

}  // namespace fairlead::io
