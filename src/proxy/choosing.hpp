// Awaits a backend from the store, once for each attempt of an exchange that needs one. Most stores answer at once:
// then whoever awaits isn't suspended. What was chosen is in the want.
// Thread rule: one loop thread. Lifetime: lives in the awaiting frame; store and want outlive it. It can't be given up
// half-way: the store answers within its own time limit, and a client that left meanwhile is noticed after that.
#pragma once

#include <coroutine>

#include "fleet/state_store.hpp"

namespace fairlead::proxy {

class Choosing {
 public:
  Choosing(fleet::StateStore& store, fleet::Acquire& want) : store_(store), want_(want) {}
  Choosing(const Choosing&) = delete;
  Choosing& operator=(const Choosing&) = delete;

  bool await_ready() { return store_.acquire(want_); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    want_.context = this;
    want_.on_answer = [](fleet::Acquire& want) { static_cast<Choosing*>(want.context)->waiter_.resume(); };
  }
  void await_resume() const {}

 private:
  fleet::StateStore& store_;
  fleet::Acquire& want_;
  std::coroutine_handle<> waiter_;
};

}  // namespace fairlead::proxy
