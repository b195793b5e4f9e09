// Waits for a time to come, on the loop's timers.
// Thread rule: one loop thread. Lifetime: lives in the awaiting frame.
#pragma once

#include <coroutine>

#include "io/event_loop.hpp"

namespace fairlead::io {

class SleepUntil {
 public:
  SleepUntil(EventLoop& loop, TimePoint time) : loop_(loop), time_(time) {}
  SleepUntil(const SleepUntil&) = delete;
  SleepUntil& operator=(const SleepUntil&) = delete;

  [[nodiscard]] bool await_ready() const { return time_ <= loop_.now(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    timer_.context = this;
    timer_.on_expiry = [](Timer& timer) { static_cast<SleepUntil*>(timer.context)->waiter_.resume(); };
    loop_.timers().arm(timer_, time_);
  }
  void await_resume() const {}

 private:
  EventLoop& loop_;
  TimePoint time_;
  Timer timer_;
  std::coroutine_handle<> waiter_;
};

}  // namespace fairlead::io
