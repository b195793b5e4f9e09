// Deadlines to the millisecond, for the few that pace something (a sync, a call that waits for company); all that only
// guards against waiting too long uses the TimerWheel. A list: arming and cancelling are a few pointer writes, finding
// what is due looks at each, so a loop should have a handful at most.
// Thread rule: one loop thread. Lifetime: an Alarm is owned by its user and cancels itself when destroyed.
#pragma once

#include "io/engine.hpp"

namespace fairlead::io {

class Alarms;

class Alarm {
 public:
  Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { cancel(); }

  void cancel();
  [[nodiscard]] bool is_armed() const { return alarms_ != nullptr; }

  /// Called on the loop thread at the deadline or as soon after it as the loop gets to it; not armed any more then.
  void (*on_expiry)(Alarm&) = nullptr;
  void* context = nullptr;

 private:
  friend class Alarms;
  Alarms* alarms_ = nullptr;  ///< not null while armed
  Alarm* next_ = nullptr;
  TimePoint deadline_{};
};

class Alarms {
 public:
  Alarms() = default;
  Alarms(const Alarms&) = delete;
  Alarms& operator=(const Alarms&) = delete;
  ~Alarms();

  /// Arms, or moves an alarm that is armed.
  void arm(Alarm& alarm, TimePoint deadline);
  /// Fires what is due. Alarms may be armed and cancelled from within; one armed within for a time that has passed
  /// fires in the next turn.
  void advance(TimePoint now);
  /// When advance() should be called next; `fallback` when that is earlier or nothing is armed.
  [[nodiscard]] TimePoint next_expiry(TimePoint fallback) const;

 private:
  friend class Alarm;
  Alarm* first_ = nullptr;
};

}  // namespace fairlead::io
