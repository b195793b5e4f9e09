// What an operator or a scrape wants to know of the fleet, asked of Redis when they ask: members
// with their leases and ledgers, what is in flight to which backend, and whether counts and ledgers agree. One call is
// under way at most; who asks meanwhile or within 200 ms of its answer hears the same, so that nobody who may only ask
// can load Redis. Uses backend_list_watch's connection.
// Thread rule: one loop thread. Lifetime: the client outlives it and stops before it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/key_names.hpp"
#include "fleet/redis_client.hpp"
#include "io/event_loop.hpp"

namespace fairlead::fleet {

struct FleetPicture {
  struct Member {
    std::string id;
    std::int64_t lease_ms = 0;   ///< left; below 0: it will be taken out
    std::int64_t in_flight = 0;  ///< in its ledger
  };
  std::vector<Member> members;
  /// By what stands before a pool's keys: sum over its backends of |count - sum of ledgers|. Only of pools with keys.
  std::map<std::string, std::int64_t> drift;
  std::map<std::string, std::int64_t> in_flight;  ///< by conn_count key, of those that were asked for
};

class FleetInspector {
 public:
  static constexpr std::chrono::milliseconds wait_max{250};   ///< for whoever asks
  static constexpr std::chrono::milliseconds call_max{1000};  ///< then the connection is given up
  static constexpr std::chrono::milliseconds stands_for{200};

  FleetInspector(io::EventLoop& loop, RedisClient& client, KeyNames keys);
  FleetInspector(const FleetInspector&) = delete;
  FleetInspector& operator=(const FleetInspector&) = delete;

  /// `count_keys`: of the backends that are listed. `done` is called once; with nothing when Redis can't say in time.
  using Done = std::function<void(std::optional<FleetPicture>)>;
  void look(std::vector<std::string> count_keys, Done done);
  [[nodiscard]] const KeyNames& keys() const { return keys_; }

 private:
  void call(std::vector<std::string> count_keys, bool is_first_try);
  void answered(ReplyView reply, std::vector<std::string> count_keys, bool is_first_try);
  [[nodiscard]] bool still_stands(const std::vector<std::string>& count_keys) const;
  void tell(const std::optional<FleetPicture>& picture);

  io::EventLoop& loop_;
  RedisClient& client_;
  KeyNames keys_;
  bool is_calling_ = false;
  std::vector<Done> waiting_;
  std::optional<FleetPicture> last_;
  std::vector<std::string> last_keys_;  ///< that it was asked with
  io::TimePoint last_taken_{};
  io::Timer wait_timer_;
};

}  // namespace fairlead::fleet
