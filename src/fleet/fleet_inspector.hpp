// What an operator wants to know of the fleet, asked of Redis when he does: its members with their leases and ledgers,
// what is in flight to which backend, and whether counts and ledgers agree. Uses backend_list_watch's connection.
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

namespace fairlead::fleet {

struct FleetPicture {
  struct Member {
    std::string id;
    std::int64_t lease_ms = 0;   ///< left; below 0: it will be taken out
    std::int64_t in_flight = 0;  ///< in its ledger
  };
  std::vector<Member> members;
  std::int64_t drift = 0;                         ///< sum over backends of |count - sum of ledgers|
  std::map<std::string, std::int64_t> in_flight;  ///< by conn_count key, of those that were asked for
};

class FleetInspector {
 public:
  static constexpr std::chrono::milliseconds call_max{250};

  FleetInspector(RedisClient& client, KeyNames keys) : client_(client), keys_(std::move(keys)) {}

  /// `done` is called once; with nothing when Redis can't say.
  using Done = std::function<void(std::optional<FleetPicture>)>;
  void look(std::vector<std::string> count_keys, Done done);
  [[nodiscard]] const KeyNames& keys() const { return keys_; }

 private:
  void read_counts(FleetPicture picture, std::vector<std::string> count_keys, Done done);

  RedisClient& client_;
  KeyNames keys_;
};

}  // namespace fairlead::fleet
