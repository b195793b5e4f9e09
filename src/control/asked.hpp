// Awaits an answer that comes by a callback, once, now or later on the same loop's thread.
// Lifetime: in the awaiting frame; who was asked must answer before the frame ends, so it is awaited always.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "io/task.hpp"

namespace fairlead::control {

template <class T>
class Asked {
 public:
  Asked() = default;
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  /// For whom is asked.
  auto answer() {
    return [this](T value) {
      value_.emplace(std::move(value));
      if (is_waiting_) {
        io::ReadyQueue::of_this_thread().push(waiter_);
      }
    };
  }

  [[nodiscard]] bool await_ready() const { return value_.has_value(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_.parent = waiter;
    is_waiting_ = true;
  }
  T await_resume() { return std::move(*value_); }

 private:
  std::optional<T> value_;
  io::ReadyQueue::Node waiter_;
  bool is_waiting_ = false;
};

}  // namespace fairlead::control
