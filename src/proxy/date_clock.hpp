// What Date says now (RFC 9110 section 6.6.1). The text is made when the second changes, at most once a second, so that
// a request pays for a comparison. One a loop. Thread rule: its loop's thread.
#pragma once

#include <string_view>

#include "core/http/date.hpp"
#include "io/event_loop.hpp"

namespace fairlead::proxy {

class DateClock {
 public:
  explicit DateClock(const io::EventLoop& loop) : loop_(loop) {}

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
  http::DateText text_{};
  io::TimePoint stands_until_ = io::TimePoint::min();
};

}  // namespace fairlead::proxy
