// Awaits a backend from the store, once for each attempt of an exchange that needs one. Most stores answer at once:
// then whoever awaits isn't suspended. What was chosen is in the want.
// Thread rule: one loop thread. Lifetime: lives in the awaiting frame; store and want outlive it.
#pragma once

#include <coroutine>
#include <utility>

#include "fleet/state_store.hpp"
#include "io/task.hpp"

namespace fairlead::proxy {

class Choosing {
 public:
  Choosing(fleet::StateStore& store, fleet::Acquire& want) : store_(store), want_(want) {}
  Choosing(const Choosing&) = delete;
  Choosing& operator=(const Choosing&) = delete;

  bool await_ready() { return store_.acquire(want_); }
  void await_suspend(std::coroutine_handle<> waiter) {
    is_waiting_ = true;
    waiter_.parent = waiter;
    want_.context = this;
    want_.on_answer = [](fleet::Acquire& want) {
      auto& choosing = *static_cast<Choosing*>(want.context);
      choosing.is_waiting_ = false;
      choosing.waiter_.parent.resume();
    };
  }
  void await_resume() const {}

  /// Nobody wants the answer any more: who awaits goes on without a backend, in this turn.
  void give_up() {
    if (std::exchange(is_waiting_, false)) {
      store_.cancel(want_);
      want_.backend = nullptr;
      io::ReadyQueue::of_this_thread().push(waiter_);
    }
  }

 private:
  fleet::StateStore& store_;
  fleet::Acquire& want_;
  io::ReadyQueue::Node waiter_;
  bool is_waiting_ = false;
};

}  // namespace fairlead::proxy
