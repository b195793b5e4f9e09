// Follows the pools' lists of backends in Redis with their weights and who of them drains, carries out an operator's
// edits of them, and adds the configured backends: at start, when they are new in a reload or weigh otherwise, and
// after Redis lost its data (its epoch is gone or another). A list that a user emptied stays empty; configured backends
// that Redis refuses to register serve nevertheless.
// Looks every 400 ms whether a digest of the lists changed, and only then reads them, all pools at once; they count if
// the epoch read after them is the known one, so that a Redis that has just lost everything never empties a pool.
// During an outage the last lists stay. Where Redis has no epoch and takes none, only an empty list doesn't count.
// Thread rule: the control loop's thread. Lifetime: stop() must have ended before the watch does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "core/balance/backend_edit.hpp"
#include "fleet/arguments.hpp"
#include "fleet/key_names.hpp"
#include "fleet/redis_client.hpp"
#include "fleet/registrations.hpp"

namespace fairlead::fleet {

class BackendListWatch {
 public:
  using List = Registrations::List;
  using Pool = Registrations::Pool;
  static constexpr std::chrono::milliseconds interval{400};
  static constexpr std::chrono::milliseconds digest_stands_for{200};  ///< in Redis, for all instances
  static constexpr std::chrono::milliseconds call_max{1000};
  static constexpr std::size_t listed_max = 10'000;  ///< backends of a pool, as in a configuration
  static constexpr std::size_t invalid_max = 1024;   ///< entries that were reported
  static constexpr unsigned polls_in_a_row_max = 4;

  /// `instance` names the connection in CLIENT LIST.
  BackendListWatch(io::EventLoop& loop, io::Resolver& resolver, RedisEndpoint redis, std::string key_prefix,
                   const std::string& instance, StateMetrics metrics, const Log& log);
  BackendListWatch(const BackendListWatch&) = delete;
  BackendListWatch& operator=(const BackendListWatch&) = delete;

  /// A pool's list is another than before (or was read for the first time): valid URLs in list order, repeats kept.
  /// Set before start().
  std::function<void(const std::string& pool, List list)> on_listed;

  /// The pools of the configuration, before start() and after each reload.
  void watch(std::vector<Pool> pools);
  void start();
  io::Task<> stop();
  /// Up as long as Redis is there.
  RedisClient& client() { return client_; }

  /// Pools whose configured backends Redis refuses to register, with the reason. They serve meanwhile.
  [[nodiscard]] std::map<std::string, std::string_view> unregistered() const { return registrations_.refusals(); }

  /// `done` is called once: after on_listed if the edit changed anything. Errors (unavailable) say what became of it.
  using EditDone = std::function<void(Result<balance::EditOutcome>)>;
  void edit(const std::string& pool, const balance::BackendEdit& edit, EditDone done);

 private:
  struct Seen {
    std::string pool;
    List list;
    bool is_refused = false;
    bool is_stale = false;  ///< something is said of a backend that isn't listed
  };
  /// Carried out, not yet shown.
  struct Edit {
    EditDone done;
    balance::EditOutcome outcome;
    std::uint64_t shown_by;  ///< the poll that shows it
  };

  void tell_leftovers(const std::vector<Pool>& next) const;
  void look();
  void saw_kept(ReplyView reply);
  void saw_digests(ReplyView reply);
  void ask_digests(bool anew, std::function<void(ReplyView)> answer);
  void poll();
  void poll_again();
  void poll_at_once();
  void saw_list(ReplyView reply);
  void note_length(const std::string& pool, std::size_t length);
  void saw_weights(ReplyView reply);
  void saw_draining(ReplyView reply);
  void note_refusal(const std::string& pool, const std::string& key, ReplyView reply);
  void call_edit(const std::string& pool, const balance::BackendEdit& edit, EditDone done, bool is_first_try);
  void edit_answered(const EditDone& done, ReplyView reply);
  void end_edits(bool is_lost);
  void forget_unlisted(const std::string& pool);
  void saw_epoch(ReplyView reply);
  void set_epoch();
  void register_due();
  void register_answered(const Pool& pool, ReplyView reply);
  void not_registered(const Pool& pool, const StateFault& fault);
  void publish_all();
  void publish_without_epoch();
  void publish(Seen& seen);
  void show_counts(const std::string& pool, const List& before, const List& list);
  bool is_backend(const std::string& pool, const std::string& url);
  [[nodiscard]] Arguments keys_of(const std::string& pool) const;

  io::EventLoop& loop_;
  KeyNames keys_;
  const Log& log_;
  RedisClient client_;
  std::vector<Pool> pools_;
  Registrations registrations_;
  std::map<std::string, List> published_;
  std::vector<Seen> seen_;  ///< by the poll under way
  std::vector<Edit> edits_;
  std::vector<std::string> digests_;  ///< of the last lists that were read; empty: not known
  std::uint64_t polls_ = 0;
  bool is_polling_ = false;
  std::set<std::string> invalid_;
  std::set<std::string> too_long_;  ///< pools whose list is
  std::set<std::string> refused_;   ///< pools whose list is a key of another type
  std::string epoch_;               ///< as last acted on; empty at start
  unsigned polls_in_a_row_ = 0;     ///< without a pause or an end
  io::Timer timer_;
};

}  // namespace fairlead::fleet
