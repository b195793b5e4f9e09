// What the admin API asks of whatever instances share: a picture of the fleet, and edits of its lists. Implemented in
// app, where the shared state and the controller meet. Thread rule: the control loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "core/balance/backend_edit.hpp"

namespace fairlead::control {

struct FleetView {
  struct Member {
    std::string id;
    std::int64_t lease_ms = 0;   ///< left; below 0: it will be taken out
    std::int64_t in_flight = 0;  ///< in its ledger
    bool is_own = false;         ///< of this instance
  };
  std::string instance;
  std::string_view coordination;  ///< memory, leased or exact
  std::string state;              ///< the shared state's URL, without secrets
  std::string_view step;          ///< of the outage ladder: live, stale or local
  double age_s = 0;               ///< since the shared state last answered
  std::vector<Member> members;
  /// Pools whose configured backends the shared state refuses to register, with the reason; they serve nevertheless.
  std::map<std::string, std::string_view> unregistered;
  /// By pool, how far counts are from ledgers; nothing: not known.
  std::optional<std::map<std::string, std::int64_t>> drift;
  /// Requests over the fleet, by pool and URL; a backend that isn't in it: not known.
  std::map<std::pair<std::string, std::string>, std::int64_t> in_flight;
};

class FleetDesk {
 public:
  using Looked = std::function<void(FleetView)>;
  using Edited = std::function<void(Result<balance::EditOutcome>)>;

  /// `done` is called once, now or within a second; without an answer of the shared state with what is known here.
  virtual void look(Looked done) = 0;
  /// `pool` is a configured one, the URL a backend's. `done` is called once: when every worker goes by the change, or
  /// with an error.
  virtual void edit(const std::string& pool, const balance::BackendEdit& edit, Edited done) = 0;

 protected:
  ~FleetDesk() = default;
};

}  // namespace fairlead::control
