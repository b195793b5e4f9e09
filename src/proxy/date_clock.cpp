#include "proxy/date_clock.hpp"

namespace fairlead::proxy {

void DateClock::renew() {
  const auto now = wall_clock_();
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  text_ = http::imf_fixdate(second);
  stands_until_ =
      loop_.now() + std::chrono::duration_cast<io::TimePoint::duration>(second + std::chrono::seconds(1) - now);
}

}  // namespace fairlead::proxy
