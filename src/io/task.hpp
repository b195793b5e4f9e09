// Task<T>: a coroutine that is awaited by exactly one other. It starts when awaited, runs inside its parent's
// await_suspend, and if it finished there the parent goes on without ever having been suspended; if it parked, its end
// puts the parent on the loop's ready queue. No symmetric transfer: with the compilers we support that overflows the
// stack without optimisation or under sanitizers (docs/adr/0003).
// Thread rule: a task is created, resumed and destroyed on one loop thread. Lifetime: whatever a task refers to must
// outlive it; a Task that is destroyed must not have been started, or must have ended. Frames are recycled per thread.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "io/frame_pool.hpp"

namespace fairlead::io {

/// Coroutines whose awaited task ended after parking; each loop runs its thread's queue (one a thread, intrusive).
class ReadyQueue {
 public:
  struct Node {
    Node* next = nullptr;
    std::coroutine_handle<> parent;
  };

  void push(Node& node) {
    node.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &node;
    last_ = &node;
  }
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  /// Resumes all that are queued, also those queued meanwhile.
  void run() {
    while (first_ != nullptr) {
      Node* node = first_;
      first_ = node->next;
      if (first_ == nullptr) {
        last_ = nullptr;
      }
      node->parent.resume();  // destroys the node's frame
    }
  }
  static ReadyQueue& of_this_thread() {
    static thread_local ReadyQueue queue;
    return queue;
  }

 private:
  Node* first_ = nullptr;
  Node* last_ = nullptr;
};

namespace detail {

struct PromiseBase {
  ReadyQueue::Node node;  ///< node.parent is set once the parent parked

  static void* operator new(std::size_t size) { return FramePool::of_this_thread().allocate(size); }
  static void operator delete(void* frame, std::size_t size) { FramePool::of_this_thread().release(frame, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      ReadyQueue::Node& ended = self.promise().node;
      if (ended.parent) {
        ReadyQueue::of_this_thread().push(ended);
      }
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() { std::terminate(); }  // no exception crosses our functions
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  std::coroutine_handle<Promise> get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  std::coroutine_handle<Promise> get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  void return_void() {}
  void take() {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}  // NOLINT: made by the compiler
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) {
      handle_.destroy();
    }
  }

  bool await_ready() noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> parent) {
    handle_.resume();
    if (handle_.done()) {
      return false;
    }
    handle_.promise().node.parent = parent;
    return true;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace fairlead::io
