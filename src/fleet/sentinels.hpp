// Asks Redis Sentinel where the master of a name is: one sentinel after the other, the one that answered last first,
// each on a connection of its own that ends with the answer. A sentinel that wants a password gets the URL's. Used by
// redis_route.
// Thread rule: one loop thread. Lifetime: loop and resolver outlive it; it outlives its tasks.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "fleet/redis_dialer.hpp"
#include "fleet/resp.hpp"
#include "fleet/state_fault.hpp"

namespace fairlead::fleet {

class Sentinels {
 public:
  static constexpr std::chrono::milliseconds answer_max{500};  ///< connecting and answering, of one sentinel
  using Answer = std::variant<HostPort, StateFault>;

  /// `url` is one of kind redis_sentinel.
  Sentinels(io::EventLoop& loop, io::Resolver& resolver, const StateUrl& url);
  Sentinels(const Sentinels&) = delete;
  Sentinels& operator=(const Sentinels&) = delete;

  io::Task<Answer> find_master();
  /// What is under way ends, without an answer.
  void stop();

 private:
  io::Task<Answer> ask(std::size_t index);
  io::Task<Answer> ask_on(io::Stream& stream, io::TimePoint deadline);

  io::EventLoop& loop_;
  io::Resolver& resolver_;
  std::vector<RedisEndpoint> sentinels_;
  std::string question_;
  std::string credentials_;  ///< the command that shows them; empty: none
  std::size_t first_ = 0;    ///< answered last
  bool is_stopping_ = false;
  io::Stream* asking_ = nullptr;  ///< to the sentinel that is being asked
};

}  // namespace fairlead::fleet
