// What Date says now (RFC 9110 section 6.6.1). The text is made when the second changes, at most once a second, so that
// a request pays for a comparison. One a loop. Thread rule: its loop's thread.
#pragma once

#include <chrono>
#include <string_view>

#include "core/http/date.hpp"
#include "io/event_loop.hpp"

namespace fairlead::proxy {

class DateClock {
 public:
  using WallClock = std::chrono::system_clock::time_point (*)() noexcept;

  explicit DateClock(const io::EventLoop& loop, WallClock wall_clock = std::chrono::system_clock::now)
      : loop_(loop), wall_clock_(wall_clock) {}

  /// Valid until it is asked again.
  std::string_view text() {
    if (loop_.now() >= stands_until_) {
      renew();
    }
    return {text_.data(), text_.size()};
  }

 private:
  void renew();

  const io::EventLoop& loop_;
  WallClock wall_clock_;
  http::DateText text_{};
  io::TimePoint stands_until_ = io::TimePoint::min();
};

}  // namespace fairlead::proxy
