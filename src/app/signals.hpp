// Signals as values: blocked in every thread and waited for on one, so that no code runs inside a signal's
// interruption. Thread rule: block() before any other thread starts; wait() on one thread.
#pragma once

#include <csignal>

namespace fairlead::app {

class Signals {
 public:
  /// Blocks SIGTERM, SIGINT, SIGHUP and our own `ended` for this thread and those it starts; SIGPIPE is ignored.
  Signals();
  /// The next signal.
  int wait();
  /// Makes wait() return `ended`; from any thread.
  void end();

  static constexpr int ended = SIGUSR2;

 private:
  sigset_t waited_for_{};
  pthread_t waiter_;
};

}  // namespace fairlead::app
