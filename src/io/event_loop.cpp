#include "io/event_loop.hpp"

#include <algorithm>
#include <utility>

#include "io/task.hpp"

namespace fairlead::io {
namespace {

/// A loop without timers still wakes now and then; nothing depends on it.
constexpr std::chrono::seconds idle_wait{60};

}  // namespace

EndOfTurn::~EndOfTurn() {
  if (loop_ == nullptr) {
    return;
  }
  for (EndOfTurn** slot : {&loop_->hooks_, &loop_->running_hooks_}) {
    while (*slot != nullptr && *slot != this) {
      slot = &(*slot)->next_;
    }
    if (*slot == this) {
      *slot = next_;
    }
  }
}

EventLoop::EventLoop(Engine& engine) : engine_(engine), now_(engine.now()), timers_(now_) {}

EventLoop::~EventLoop() {
  while (hooks_ != nullptr) {
    std::exchange(hooks_, hooks_->next_)->loop_ = nullptr;
  }
  Mail* mail = mail_.exchange(nullptr, std::memory_order_acquire);
  while (mail != nullptr) {
    delete std::exchange(mail, mail->next);
  }
}

void EventLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    run_once(now_ + idle_wait);
  }
}

void EventLoop::run_once(TimePoint until) {
  const bool work_waits =
      hooks_ != nullptr || mail_.load(std::memory_order_acquire) != nullptr || !ReadyQueue::of_this_thread().empty();
  engine_.wait(work_waits ? now_ : alarms_.next_expiry(std::min(until, timers_.next_expiry(until))));
  now_ = engine_.now();
  ++turn_;
  read_in_turn_ = 0;
  run_completions();
  timers_.advance(now_);
  alarms_.advance(now_);
  run_completions();  // of what timers and alarms cancelled
  run_mail();
  ReadyQueue::of_this_thread().run();
  run_end_of_turn();
  ReadyQueue::of_this_thread().run();
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  engine_.wake();
}

bool EventLoop::post(std::function<void()> work) {
  if (mail_count_.fetch_add(1, std::memory_order_relaxed) >= mail_max) {
    mail_count_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  Mail* before = mail_.load(std::memory_order_relaxed);
  Mail* mail = new Mail{std::move(work), before};
  while (!mail_.compare_exchange_weak(before, mail, std::memory_order_release, std::memory_order_relaxed)) {
    mail->next = before;
  }
  // From here on the piece is the loop's and may be gone.
  if (before == nullptr) {
    engine_.wake();  // whoever posted the first piece wakes the loop
  }
  return true;
}

void EventLoop::at_end_of_turn(EndOfTurn& hook) {
  if (hook.loop_ == nullptr) {
    hook.loop_ = this;
    hook.next_ = hooks_;
    hooks_ = &hook;
  }
}

void EventLoop::run_completions() {
  while (Operation* operation = engine_.completed().pop()) {
    operation->on_complete(*operation);
    ReadyQueue::of_this_thread().run();
  }
}

void EventLoop::run_mail() {
  Mail* newest = mail_.exchange(nullptr, std::memory_order_acquire);
  Mail* oldest = nullptr;
  while (newest != nullptr) {
    Mail* next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    const std::unique_ptr<Mail> mail(std::exchange(oldest, oldest->next));
    mail_count_.fetch_sub(1, std::memory_order_relaxed);
    mail->work();
    ReadyQueue::of_this_thread().run();
  }
}

void EventLoop::run_end_of_turn() {
  // Hooks scheduled from within run after the next turn, which doesn't wait.
  running_hooks_ = std::exchange(hooks_, nullptr);
  while (running_hooks_ != nullptr) {
    EndOfTurn& hook = *std::exchange(running_hooks_, running_hooks_->next_);
    hook.loop_ = nullptr;
    hook.next_ = nullptr;
    hook.on_end(hook);
  }
}

}  // namespace fairlead::io
