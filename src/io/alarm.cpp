#include "io/alarm.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::io {

void Alarm::cancel() {
  if (alarms_ == nullptr) {
    return;
  }
  Alarm** slot = &alarms_->first_;
  while (*slot != this) {
    slot = &(*slot)->next_;
  }
  *slot = next_;
  alarms_ = nullptr;
  next_ = nullptr;
}

Alarms::~Alarms() {
  while (first_ != nullptr) {
    first_->cancel();
  }
}

void Alarms::arm(Alarm& alarm, TimePoint deadline) {
  alarm.deadline_ = deadline;
  if (alarm.alarms_ == nullptr) {
    alarm.alarms_ = this;
    alarm.next_ = std::exchange(first_, &alarm);
  }
}

void Alarms::advance(TimePoint now) {
  Alarms due;
  for (Alarm* alarm = first_; alarm != nullptr;) {
    Alarm* next = alarm->next_;
    if (alarm->deadline_ <= now) {
      alarm->cancel();
      due.arm(*alarm, alarm->deadline_);
    }
    alarm = next;
  }
  while (due.first_ != nullptr) {
    Alarm& alarm = *due.first_;
    alarm.cancel();
    alarm.on_expiry(alarm);
  }
}

TimePoint Alarms::next_expiry(TimePoint fallback) const {
  for (const Alarm* alarm = first_; alarm != nullptr; alarm = alarm->next_) {
    fallback = std::min(fallback, alarm->deadline_);
  }
  return fallback;
}

}  // namespace fairlead::io
