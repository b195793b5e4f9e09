// Deadlines for everything that waits: a hashed wheel of 10 ms slots (Varghese & Lauck, 1987). Arming and cancelling
// are a few pointer writes; a timer fires at its deadline or up to one slot later, never earlier.
// Thread rule: one loop thread. Lifetime: a Timer is owned by whoever waits and cancels itself when destroyed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "io/engine.hpp"

namespace fairlead::io {

class TimerWheel;

class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  void cancel();
  [[nodiscard]] bool is_armed() const { return next_ != nullptr; }

  /// Called on the loop thread when the deadline has passed; the timer isn't armed any more then.
  void (*on_expiry)(Timer&) = nullptr;
  void* context = nullptr;

 private:
  friend class TimerWheel;
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
  std::uint64_t tick_ = 0;
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds granularity{10};

  explicit TimerWheel(TimePoint start);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  /// Arms, or moves a timer that is armed.
  void arm(Timer& timer, TimePoint deadline);
  /// Fires what is due. Timers may be armed and cancelled from within.
  void advance(TimePoint now);
  /// When advance() should be called next; `fallback` when nothing is armed. May be early, never late.
  [[nodiscard]] TimePoint next_expiry(TimePoint fallback) const;

 private:
  static constexpr std::size_t slot_count = 1024;
  std::uint64_t tick_of(TimePoint time) const;

  TimePoint start_;
  std::uint64_t now_tick_ = 0;                             ///< every slot up to and including this one was fired
  std::array<Timer, slot_count> slots_;                    ///< heads of rings
  std::array<std::uint64_t, slot_count / 64> occupied_{};  ///< a bit a slot that may hold timers
};

}  // namespace fairlead::io
