// Wakes an instance's sync when it sleeps because nothing was going on. Workers ring with each request that begins or
// ends, in exact coordination with each that is placed by a load the sync hears; while it is awake, that is one load.
// Thread rule: ring() on any thread; the rest on the sync's.
#pragma once

#include <atomic>
#include <functional>

namespace fairlead::fleet {

class SyncBell {
 public:
  /// `wake` is called from the ringing thread, once a sleep. Set before workers start.
  std::function<void()> wake;

  void ring() {
    if (is_asleep_.load(std::memory_order_relaxed)) [[unlikely]] {
      ring_asleep();
    }
  }
  /// What rang before this isn't heard: look for changes once more after it.
  void fall_asleep() { is_asleep_.store(true, std::memory_order_seq_cst); }
  void stay_awake() { is_asleep_.store(false, std::memory_order_relaxed); }
  [[nodiscard]] bool is_asleep() const { return is_asleep_.load(std::memory_order_relaxed); }

 private:
  void ring_asleep() {
    if (is_asleep_.exchange(false, std::memory_order_relaxed)) {
      wake();
    }
  }

  std::atomic<bool> is_asleep_{false};
};

}  // namespace fairlead::fleet
