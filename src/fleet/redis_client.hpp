// One connection to Redis over our own streams: commands are pipelined and replies matched in order. It connects, says
// who it is, loads the scripts, makes sure that this is the server which has our keys (redis_route), and after a loss
// connects again, more and more slowly (50 ms to 2 s, with jitter). A command without an answer at its deadline drops
// the connection, since nobody knows whether it ran: nothing is ever sent twice, and whoever called hears on_down
// instead of an answer.
// Thread rule: one loop thread. Lifetime: stop() must have ended before the client does.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fleet/redis_route.hpp"
#include "fleet/resp.hpp"
#include "fleet/scripts.hpp"
#include "fleet/state_fault.hpp"
#include "fleet/state_metrics.hpp"
#include "io/event_loop.hpp"
#include "io/resolver.hpp"
#include "io/stream.hpp"
#include "io/task_scope.hpp"

namespace fairlead::fleet {

class RedisClient {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds handshake_max{1000};
  static constexpr Milliseconds backoff_min{50};
  static constexpr Milliseconds backoff_max{2000};
  static constexpr Milliseconds stable_after{5000};   ///< a connection that lasted so long starts the backoff anew
  static constexpr Milliseconds look_interval{1000};  ///< sentinels are asked whether the master is still the master
  static constexpr unsigned redirects_max = 3;        ///< by a cluster, in a row, without a pause

  /// `name` is for CLIENT LIST; `own_key` is one of the keys, by which a cluster's node tells where they lie.
  RedisClient(io::EventLoop& loop, io::Resolver& resolver, RedisEndpoint endpoint, std::string name,
              std::string own_key, StateMetrics metrics);
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;
  ~RedisClient();

  /// The connection may be used, until on_down. Set both before start().
  std::function<void()> on_up;
  /// No connection: it was lost, or a try failed. What was called gets no answer any more (WhenLost).
  std::function<void(StateFault)> on_down;

  void start();
  /// Drops the connection and ends; nothing is called any more.
  io::Task<> stop();
  [[nodiscard]] bool is_up() const { return is_up_; }

  using Words = std::vector<std::string_view>;
  using Answer = std::function<void(ReplyView)>;
  /// What a call hears whose answer doesn't come because the connection is lost, besides on_down: nothing, or an error
  /// that begins with LOST, before on_down and also at stop(). An answer that ends the connection, since another server
  /// is the one to ask, is told as it is or silent likewise; it says that nothing was done.
  enum class WhenLost : std::uint8_t { silent, told };
  /// Needs is_up(). `words` begin with the number of keys. NOSCRIPT is answered like any error, and by then the scripts
  /// are being loaded again: a call that follows finds them.
  void call(Script script, const Words& words, Milliseconds timeout, Answer answer,
            WhenLost when_lost = WhenLost::silent);
  /// Needs is_up(). `operation` names it in metrics and is of static storage.
  void command(std::string_view operation, const Words& words, Milliseconds timeout, Answer answer,
               WhenLost when_lost = WhenLost::silent);
  /// Holds commands back until uncork() sends them in one piece.
  void cork() { is_corked_ = true; }
  void uncork();
  /// Gives the connection up; on_down is called before this returns.
  void drop(StateFault fault);
  /// The same, for an error reply within an answer: where it says that another server is the one to ask, that one is
  /// asked next.
  void refused(std::string_view error);

 private:
  struct Pending {
    std::string_view operation;
    Answer answer;
    io::TimePoint deadline;
    io::TimePoint sent;
    WhenLost when_lost = WhenLost::silent;
  };

  io::Task<> session();
  io::Task<> read_replies();
  io::Task<> write_out();
  io::Task<> look_for_master();
  void greet();
  void append_credentials();
  void load_scripts();
  bool must_succeed(ReplyView reply);
  void came_up();
  bool take_replies(std::string_view bytes);
  void take_reply(ReplyView reply);
  void turn_away(std::string_view error);
  void hang_up();
  void append(std::string_view operation, const Words& words, Milliseconds timeout, Answer answer,
              WhenLost when_lost = WhenLost::silent);
  void flush();
  void watch_deadlines();
  void connect_later();
  Milliseconds next_backoff();

  io::EventLoop& loop_;
  StateUrl url_;
  RedisRoute route_;
  std::string name_;
  std::string own_key_;
  std::string database_;
  StateMetrics metrics_;
  std::array<std::string, script_count> digests_;

  std::unique_ptr<io::Stream> stream_;
  ReplyReader reader_;
  std::array<char, 16 * 1024> received_;
  std::string output_;   ///< not yet being written
  std::string writing_;  ///< being written
  std::deque<Pending> pending_;
  bool is_up_ = false;
  bool is_dropped_ = false;     ///< of this session nothing is used any more
  bool is_redirected_ = false;  ///< the next session begins at once
  bool is_stopping_ = false;
  bool was_up_ = false;
  bool is_writing_ = false;
  bool is_corked_ = false;
  io::TimePoint up_since_{};
  unsigned failures_ = 0;   ///< in a row
  unsigned redirects_ = 0;  ///< in a row
  std::minstd_rand random_;
  io::Timer deadline_timer_;
  io::Timer connect_timer_;
  io::Timer look_timer_;
  io::TaskScope looks_;
  io::TaskScope writers_;
  io::TaskScope sessions_;
};

}  // namespace fairlead::fleet
