#include "io/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace fairlead::io {

void Timer::cancel() {
  if (next_ != nullptr) {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }
}

TimerWheel::TimerWheel(TimePoint start) : start_(start) {
  for (Timer& head : slots_) {
    head.next_ = head.previous_ = &head;
  }
}

TimerWheel::~TimerWheel() {
  for (Timer& head : slots_) {
    while (head.next_ != &head) {
      head.next_->cancel();
    }
    head.next_ = head.previous_ = nullptr;
  }
}

std::uint64_t TimerWheel::tick_of(TimePoint time) const {
  const auto since = std::chrono::ceil<std::chrono::milliseconds>(time - start_);
  const auto ticks = (since + granularity - std::chrono::milliseconds(1)) / granularity;
  return static_cast<std::uint64_t>(std::max<decltype(ticks)>(ticks, 0));
}

void TimerWheel::arm(Timer& timer, TimePoint deadline) {
  timer.cancel();
  timer.tick_ = std::max(tick_of(deadline), now_tick_ + 1);
  const std::size_t slot = timer.tick_ % slot_count;
  Timer& head = slots_[slot];
  timer.previous_ = head.previous_;
  timer.next_ = &head;
  head.previous_->next_ = &timer;
  head.previous_ = &timer;
  occupied_[slot / 64] |= 1ULL << (slot % 64);
}

void TimerWheel::advance(TimePoint now) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(now - start_);
  const auto until = static_cast<std::uint64_t>(std::max<std::int64_t>(since / granularity, 0));
  while (now_tick_ < until) {
    // After a long pause one round over all slots finds everything that is due.
    if (until - now_tick_ > slot_count) {
      now_tick_ = until - slot_count;
    }
    ++now_tick_;
    const std::size_t slot = now_tick_ % slot_count;
    if ((occupied_[slot / 64] >> (slot % 64) & 1) == 0) {
      continue;
    }
    // Move the ring aside: callbacks may arm and cancel timers, also in this slot.
    Timer due;
    Timer& head = slots_[slot];
    if (head.next_ == &head) {
      occupied_[slot / 64] &= ~(1ULL << (slot % 64));
      continue;
    }
    due.next_ = head.next_;
    due.previous_ = head.previous_;
    due.next_->previous_ = due.previous_->next_ = &due;
    head.next_ = head.previous_ = &head;
    occupied_[slot / 64] &= ~(1ULL << (slot % 64));
    while (due.next_ != &due) {
      Timer& timer = *due.next_;
      if (timer.tick_ <= until) {
        timer.cancel();
        timer.on_expiry(timer);
      } else {
        const std::uint64_t tick = timer.tick_;
        timer.cancel();
        timer.tick_ = tick;
        timer.previous_ = head.previous_;
        timer.next_ = &head;
        head.previous_->next_ = &timer;
        head.previous_ = &timer;
        occupied_[slot / 64] |= 1ULL << (slot % 64);
      }
    }
    due.next_ = due.previous_ = nullptr;
  }
}

TimePoint TimerWheel::next_expiry(TimePoint fallback) const {
  for (std::size_t ahead = 1; ahead <= slot_count;) {
    const std::size_t slot = (now_tick_ + ahead) % slot_count;
    const std::uint64_t word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) {
      const auto ticks = now_tick_ + ahead + static_cast<std::uint64_t>(std::countr_zero(word));
      return start_ + granularity * static_cast<std::int64_t>(ticks);
    }
    ahead += 64 - slot % 64;
  }
  return fallback;
}

}  // namespace fairlead::io
