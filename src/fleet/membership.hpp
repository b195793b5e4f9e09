// A member's life in the fleet, over a Redis connection of its own: join with the whole truth, beat to keep the lease,
// join again whenever Redis may not know the truth (a lost connection, FENCED, another epoch), leave. Used by whoever
// keeps a ledger in Redis: redis_store (a member a worker) and fleet_sync (a member an instance). Keys, scripts and
// times: docs/redis.md.
// Thread rule: one loop thread. Lifetime: stop() must have ended before it is destroyed.
#pragma once

#include <functional>
#include <string>

#include "fleet/arguments.hpp"
#include "fleet/key_names.hpp"
#include "fleet/redis_client.hpp"
#include "fleet/state_status.hpp"

namespace fairlead::fleet {

struct MemberSettings {
  RedisEndpoint redis;
  std::string key_prefix;
  std::string member;  ///< whose ledger it is
  /// Hears what the fleet counts and counts nothing itself: no ledger, no lease, nobody sees it among the members.
  bool is_reader = false;
  std::chrono::milliseconds lease{3000};
  std::chrono::milliseconds beat{1000};
  std::chrono::milliseconds count_ttl{8000};
};

class Membership {
 public:
  static constexpr std::chrono::milliseconds call_max{500};

  Membership(io::EventLoop& loop, io::Resolver& resolver, MemberSettings settings, StateMetrics metrics,
             StateStatus& status);
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership();

  // Set before start():
  /// {conn_count key, share}... of all that is held; from then on it counts as told.
  std::function<void(Arguments&)> append_truth;
  std::function<void(StateStatus::Flip)> on_live;
  /// The answer of the call under way.
  std::function<void(ReplyView)> on_answer;
  /// No answer comes any more to what was called. `is_news`: this member is the one to say it for the process.
  std::function<void(StateFault, bool is_news)> on_away;

  void start();
  /// Leaves the fleet, everything given back; nothing is called any more.
  io::Task<> stop();

  /// Redis knows this member and answers.
  [[nodiscard]] bool is_live() const { return state_ == State::live; }
  [[nodiscard]] const KeyNames& keys() const { return keys_; }

  /// Begins the arguments of acquire, sync or leave: keys, count's time to live, member.
  void begin_call(Arguments& out) const;
  /// Needs is_live() and no other call under way. on_answer follows; or on_away, when Redis refused it (the member then
  /// joins again or gives the connection up) or doesn't answer in time.
  void call(Script script, const Arguments& arguments);
  /// Gives the connection up, as for an answer that makes no sense.
  void drop(StateFault fault) { client_.drop(fault); }
  /// Gives it up because an answer took longer than its callers wait. Redis is away until it answers a join within
  /// `quick`: one that is only slow would else be back with each connection and away with the next request.
  void drop_as_slow(std::chrono::milliseconds quick);

 private:
  enum class State : std::uint8_t { away, joining, live, stopped };
  /// Opens once; awaited by stop().
  struct Gate {
    io::ReadyQueue::Node node{};
    bool is_open = false;
    [[nodiscard]] bool await_ready() const noexcept { return is_open; }
    void await_suspend(std::coroutine_handle<> waiter) { node.parent = waiter; }
    void await_resume() const noexcept {}
    void open();
  };

  void begin_call_on(Arguments& out, std::initializer_list<std::string_view> keys) const;
  void enter();
  void join();
  void become_live();
  void entered();
  void try_write();
  void joined(ReplyView reply);
  void join_again(StateFault fault);
  void went_away(StateFault fault);
  void heard_answer(ReplyView answer);
  void beat();
  void heard_beat(ReplyView reply);
  void heard();
  void note_reaped(ReplyView reply, std::size_t first);

  io::EventLoop& loop_;
  KeyNames keys_;
  MemberSettings settings_;
  StateMetrics metrics_;
  StateStatus& status_;
  RedisClient client_;
  State state_ = State::away;
  std::string instances_key_;
  std::string ledger_key_;
  std::string epoch_key_;
  std::string epoch_;
  unsigned joins_tried_ = 0;       ///< in a row
  bool must_prove_write_ = false;  ///< it was away because Redis took no writes
  std::chrono::milliseconds join_max_ = call_max;
  io::TimePoint may_join_again_{};
  Arguments arguments_;
  io::Timer beat_timer_;
  Gate left_;
};

}  // namespace fairlead::fleet
