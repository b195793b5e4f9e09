// A simulated backend: so many workers that serve one request at a time, first come first served. Who arrives in order
// and says what it needs can be told at once when it ends, so nothing waits in here. Used by simulation. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "io/engine.hpp"

namespace bench::quality {

class WorkerQueue {
 public:
  explicit WorkerQueue(std::size_t workers) : free_at_(workers) {}

  /// When a request that arrives then, not before the one of the last call, will have been served for `service`.
  fairlead::io::TimePoint end_of(fairlead::io::TimePoint arrives, fairlead::io::TimePoint::duration service) {
    std::pop_heap(free_at_.begin(), free_at_.end(), std::greater<>());
    free_at_.back() = std::max(free_at_.back(), arrives) + service;
    const fairlead::io::TimePoint end = free_at_.back();
    std::push_heap(free_at_.begin(), free_at_.end(), std::greater<>());
    return end;
  }

 private:
  std::vector<fairlead::io::TimePoint> free_at_;  ///< a heap: the worker that is free first comes first
};

}  // namespace bench::quality
