// One thread's loop over an Engine: completions, coroutines that became ready, timers, mail from other threads, and the
// work that gathers over a turn. A worker owns one; nothing of it is shared but post().
// Thread rule: run() makes the calling thread the loop's; everything but post() and stop() belongs to that thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "io/alarm.hpp"
#include "io/buffer_pool.hpp"
#include "io/engine.hpp"
#include "io/timer_wheel.hpp"

namespace fairlead::io {

class EventLoop;

/// Runs once after each turn in which it was scheduled: what a turn gathers leaves in one piece. Owned by its user.
class EndOfTurn {
 public:
  EndOfTurn() = default;
  EndOfTurn(const EndOfTurn&) = delete;
  EndOfTurn& operator=(const EndOfTurn&) = delete;
  ~EndOfTurn();

  void (*on_end)(EndOfTurn&) = nullptr;
  void* context = nullptr;

 private:
  friend class EventLoop;
  EventLoop* loop_ = nullptr;  ///< not null while scheduled
  EndOfTurn* next_ = nullptr;
};

class EventLoop {
 public:
  /// `engine` must outlive the loop.
  explicit EventLoop(Engine& engine);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Runs turns until stop().
  void run();
  /// Runs one turn, waiting until `until` at most; for tests and for draining.
  void run_once(TimePoint until);
  /// Ends run() after the turn; from any thread.
  void stop();

  /// Runs `work` on the loop's thread in one of its next turns; from any thread. False: the mailbox is full
  /// (mail_max pieces wait) and the work was dropped.
  bool post(std::function<void()> work);
  static constexpr std::size_t mail_max = 65'536;

  /// The turn's time: read once after waiting, so that a turn's decisions agree.
  [[nodiscard]] TimePoint now() const { return now_; }
  /// The time at this instant, for measuring.
  [[nodiscard]] TimePoint exact_now() const { return engine_.now(); }

  /// Counts the turns.
  [[nodiscard]] std::uint64_t turn() const { return turn_; }
  /// By all streams, in this turn.
  [[nodiscard]] std::size_t read_in_turn() const { return read_in_turn_; }
  void count_read(std::size_t bytes) { read_in_turn_ += bytes; }

  Engine& engine() { return engine_; }
  /// For deadlines: 10 ms apart, cheap at any number.
  TimerWheel& timers() { return timers_; }
  /// For pace: to the millisecond, a handful.
  Alarms& alarms() { return alarms_; }
  BufferPool& buffers() { return buffers_; }
  void at_end_of_turn(EndOfTurn& hook);

 private:
  friend class EndOfTurn;
  struct Mail {
    std::function<void()> work;
    Mail* next = nullptr;
  };
  void run_completions();
  void run_mail();
  void run_end_of_turn();

  Engine& engine_;
  TimePoint now_;
  std::uint64_t turn_ = 1;
  std::size_t read_in_turn_ = 0;
  TimerWheel timers_;
  Alarms alarms_;
  BufferPool buffers_;
  EndOfTurn* hooks_ = nullptr;          ///< for the end of this turn
  EndOfTurn* running_hooks_ = nullptr;  ///< left to run at this end
  std::atomic<Mail*> mail_{nullptr};
  std::atomic<std::size_t> mail_count_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace fairlead::io
