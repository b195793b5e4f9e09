// How often an instance of a fleet tells and asks in leased coordination. Counts are worth less the older they are
// against the time a request takes, so the interval is an eighth of that, which under load is a fifth of what it takes
// once it is served; and a call costs Redis 30 to 50 us whatever it carries, so an instance with little to say calls
// seldom and one without anything not at all. Where a fresh view gains little it is renewed seldom and acted on only as
// long as it is fresh (docs/adr/0025).
// Little's law gives the time a request takes: the time in flight of all together / requests begun, both over the last
// second or so.
// Values in, no clock; used by fleet_sync on one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace fairlead::balance {

class SyncPace {
 public:
  using Nanoseconds = std::chrono::nanoseconds;
  static constexpr std::chrono::milliseconds interval_min{1};
  static constexpr std::chrono::milliseconds interval_max{25};
  static constexpr std::chrono::milliseconds short_request{2};
  static constexpr int gaps_a_request = 8;
  static constexpr int trusted_request_times = 3;
  static constexpr int trusted_fraction = 5;  ///< of a request's time, where a view gains little: one fifth
  static constexpr double syncs_a_request_max = 8;
  /// After the last request that was placed by load, counts are heard for so long.
  static constexpr std::chrono::milliseconds counts_for{500};
  /// After the last ticket was taken, leased ones are kept for so long.
  static constexpr std::chrono::milliseconds tickets_for{100};

  /// `fixed`: the interval, in place of the one that follows the requests.
  explicit SyncPace(std::optional<Nanoseconds> fixed = std::nullopt) : fixed_(fixed) {}

  struct Seen {
    std::uint64_t begun = 0;
    std::uint64_t in_flight = 0;  ///< at the end
    std::uint64_t backends = 0;
  };
  /// What was seen over the last `elapsed`.
  void note(const Seen& seen, Nanoseconds elapsed);

  /// Between two calls at least.
  [[nodiscard]] Nanoseconds gap() const;
  /// Between two calls while there is nothing to tell but counts are worth hearing.
  [[nodiscard]] Nanoseconds interval() const;
  /// Something will have happened within the next gap: look then, nobody needs to ring.
  [[nodiscard]] bool is_busy() const;
  /// How long ago an instance of this pace told last, in the mean: what another hears of it is so much older than its
  /// own question. Half a gap while it calls at each, less when calls are further apart, for then the next is at once.
  [[nodiscard]] Nanoseconds told_ago() const;
  /// How long a view says more than own counts: three times what a request takes, or a fifth of it where it gains
  /// little, be the interval fixed or not.
  [[nodiscard]] Nanoseconds trusted_for() const;
  [[nodiscard]] double begun_per_s() const;

 private:
  [[nodiscard]] Nanoseconds request_time() const;
  /// A fresh view: requests are so short that none is fresh, or own requests alone keep each backend busy, so that own
  /// counts say nearly all.
  [[nodiscard]] bool gains_little() const;

  std::optional<Nanoseconds> fixed_;
  double begun_ = 0;   ///< requests
  double busy_s_ = 0;  ///< the time that requests were in flight, of all together
  double last_in_flight_ = 0;
  double backends_ = 0;
};

}  // namespace fairlead::balance
