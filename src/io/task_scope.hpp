// Runs tasks side by side with whoever owns the scope. The owner joins before the scope ends: a task never outlives it.
// Thread rule: one loop thread.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "base/check.hpp"
#include "io/task.hpp"

namespace fairlead::io {

class TaskScope {
 public:
  TaskScope() = default;
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope() { check(running_ == 0, "a task outlives its scope"); }

  /// Starts the task at once; it runs until it first parks.
  void spawn(Task<> task) {
    ++running_;
    run(*this, std::move(task));
  }
  [[nodiscard]] std::size_t running() const { return running_; }

  /// Awaits the end of all tasks, also of those spawned meanwhile. One joiner at a time.
  auto join() {
    struct Joiner {
      TaskScope& scope;
      ReadyQueue::Node node{};
      bool await_ready() const noexcept { return scope.running_ == 0; }
      void await_suspend(std::coroutine_handle<> joiner) {
        node.parent = joiner;
        scope.joiner_ = &node;
      }
      void await_resume() const noexcept {}
    };
    return Joiner{*this};
  }

 private:
  /// A coroutine that nobody awaits; its frame ends with it.
  struct Detached {
    struct promise_type {
      static void* operator new(std::size_t size) { return FramePool::of_this_thread().allocate(size); }
      static void operator delete(void* frame, std::size_t size) { FramePool::of_this_thread().release(frame, size); }
      Detached get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      void unhandled_exception() { std::terminate(); }
    };
  };

  static Detached run(TaskScope& scope, Task<> task) {
    {
      Task<> owned = std::move(task);  // its frame ends before the scope hears of it
      co_await owned;
    }
    scope.ended();
  }

  void ended() {
    --running_;
    if (running_ == 0 && joiner_ != nullptr) {
      ReadyQueue::of_this_thread().push(*std::exchange(joiner_, nullptr));
    }
  }

  std::size_t running_ = 0;
  ReadyQueue::Node* joiner_ = nullptr;
};

}  // namespace fairlead::io
