#include "core/balance/sync_pace.hpp"

#include <algorithm>
#include <cmath>

namespace fairlead::balance {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

constexpr Seconds memory{1.0};  ///< time constant with which the sums forget
constexpr std::chrono::milliseconds request_time_unknown{50};
constexpr std::chrono::minutes request_time_max{1};

}  // namespace

void SyncPace::note(const Seen& seen, Nanoseconds elapsed) {
  const double kept = std::exp(-Seconds(elapsed) / memory);
  // What was in flight when the time began stands for it: a look follows a beginning at once.
  busy_s_ = busy_s_ * kept + last_in_flight_ * memory.count() * (1 - kept);
  begun_ = begun_ * kept + static_cast<double>(seen.begun);
  last_in_flight_ = static_cast<double>(seen.in_flight);
  backends_ = static_cast<double>(seen.backends);
}

double SyncPace::begun_per_s() const {
  return begun_ / memory.count();
}

SyncPace::Nanoseconds SyncPace::request_time() const {
  if (begun_ <= 0 || busy_s_ <= 0) {
    return request_time_unknown;
  }
  const Seconds time(busy_s_ / begun_);
  return time > request_time_max ? request_time_max : duration_cast<nanoseconds>(time);
}

bool SyncPace::gains_little() const {
  return request_time() < short_request || busy_s_ / memory.count() > backends_;
}

SyncPace::Nanoseconds SyncPace::gap() const {
  if (fixed_) {
    return *fixed_;
  }
  if (gains_little()) {
    return interval_max;
  }
  return std::clamp<Nanoseconds>(request_time() / gaps_a_request, interval_min, interval_max);
}

SyncPace::Nanoseconds SyncPace::interval() const {
  if (fixed_) {
    return *fixed_;
  }
  const double per_s = std::max(begun_per_s() * syncs_a_request_max, 1 / Seconds(interval_max).count());
  return std::max(gap(), duration_cast<nanoseconds>(Seconds(1 / per_s)));
}

SyncPace::Nanoseconds SyncPace::told_ago() const {
  const Seconds shortest(gap());
  return duration_cast<nanoseconds>(shortest / 2 * (shortest / Seconds(interval())));
}

bool SyncPace::is_busy() const {
  return begun_per_s() * Seconds(gap()).count() >= 1;
}

SyncPace::Nanoseconds SyncPace::trusted_for() const {
  return gains_little() ? request_time() / trusted_fraction : trusted_request_times * request_time();
}

}  // namespace fairlead::balance
