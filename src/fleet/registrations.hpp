// Which configured backends are still to be brought into the lists in Redis: due, under way, or refused and to be tried
// again a second later. Until it has gone through, a pool's list is taken as it will be then, so that a Redis that
// takes no writes keeps no configured backend from serving; once it has, the list is Redis' alone, an empty one too.
// Used by backend_list_watch, which makes the calls. Pure; values go in and out.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/balance/listed_backend.hpp"
#include "io/timer_wheel.hpp"

namespace fairlead::fleet {

class Registrations {
 public:
  using List = std::vector<balance::ListedBackend>;
  struct Pool {
    std::string name;
    List configured;
  };
  static constexpr std::chrono::seconds pause{1};  ///< after a refusal

  /// All of it is due: at start, and after Redis lost its data.
  void restart(const std::vector<Pool>& pools);
  /// A reload: what is new or weighs otherwise is due, and what was due and is still configured stays so.
  void reconfigure(const std::vector<Pool>& before, const std::vector<Pool>& after);

  [[nodiscard]] bool is_due(io::TimePoint now) const;
  /// What is due, under way from now on; each is followed by one of the next three, or by lost(). A restart or a reload
  /// may come between: the answer then ends nothing that is wanted since, and opens no pool that was taken out.
  std::vector<Pool> take(io::TimePoint now);
  /// True: it had been refused before.
  bool done(const Pool& pool);
  /// `reason` is of static storage. True: it is news, the last try wasn't refused for that.
  bool refused(const Pool& pool, std::string_view reason, io::TimePoint now);
  /// Nothing was done; due at once.
  void put_back(const Pool& pool);
  /// No answer comes any more to what is under way: due again (a registration does no harm twice).
  void lost();

  /// An operator took it out of the pool's list: it isn't to be brought in any more.
  void removed(const std::string& pool, const std::string& url);

  /// Adds to a pool's list what its registration will.
  void complete(const std::string& pool, List& list) const;
  /// Pools that Redis refused, with the reason.
  [[nodiscard]] std::map<std::string, std::string_view> refusals() const;

 private:
  struct Open {
    List backends;
    bool is_under_way = false;
    io::TimePoint not_before{};
    std::string_view reason{};  ///< of the last try's refusal
  };

  std::map<std::string, Open> open_;
};

}  // namespace fairlead::fleet
