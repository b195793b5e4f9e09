// Which server a Redis client connects to next: the URL's; the node of a Redis Cluster that a server named instead of
// itself (MOVED), for as long as it can be reached; or the master that the sentinels name. Used by redis_client, which
// says how each connection fared.
// Thread rule: one loop thread. Lifetime: loop and resolver outlive it; it outlives its tasks.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "fleet/redis_dialer.hpp"
#include "fleet/sentinels.hpp"
#include "fleet/state_fault.hpp"

namespace fairlead::fleet {

class RedisRoute {
 public:
  static constexpr std::chrono::milliseconds connect_max{500};
  using Dialed = std::variant<std::unique_ptr<io::Stream>, StateFault>;

  RedisRoute(io::EventLoop& loop, io::Resolver& resolver, RedisEndpoint endpoint);
  RedisRoute(const RedisRoute&) = delete;
  RedisRoute& operator=(const RedisRoute&) = delete;

  io::Task<Dialed> dial();
  /// The server must say that it is a master before anything is written to it.
  [[nodiscard]] bool needs_master() const { return sentinels_.has_value(); }
  /// An error reply that says: this server can't serve us, now or here, and others may.
  [[nodiscard]] bool leads_away(std::string_view error) const;
  /// Goes by a MOVED. False: the reply names no node.
  bool follow(std::string_view moved);
  /// The connection didn't come up.
  void failed() { node_.reset(); }
  /// The sentinels name another master than the one dialed last.
  io::Task<bool> has_moved();
  /// Sentinels aren't asked any more.
  void stop();

 private:
  io::Task<Dialed> connect(const RedisEndpoint& to);

  io::EventLoop& loop_;
  io::Resolver& resolver_;
  RedisEndpoint configured_;
  std::optional<RedisEndpoint> node_;    ///< of a cluster; better than what is configured
  std::optional<RedisEndpoint> master_;  ///< dialed last
  std::optional<Sentinels> sentinels_;
};

}  // namespace fairlead::fleet
