// A worker's own truth: how many of its requests are in flight to each backend, and what of it Redis hasn't been told
// yet. Used by redis_store, which sends changes with every call and the whole truth when it joins.
// Thread rule: one loop thread. Lifetime: keeps the cells of what it counts alive, never a pool or a backend.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/routing/snapshot.hpp"
#include "fleet/arguments.hpp"
#include "fleet/key_names.hpp"

namespace fairlead::fleet {

class Ledger {
 public:
  explicit Ledger(const KeyNames& keys) : keys_(keys) {}

  /// A request that Redis has counted already.
  void note_counted(const routing::Pool& pool, const balance::Backend& backend);
  /// A request begins (1) or ends (-1) and Redis has yet to be told.
  void note(const routing::Pool& pool, const balance::Backend& backend, int amount);
  /// Redis counted a request that never was.
  void give_back(const std::string& count_key);

  /// All there is to tell is that one request ended, or nothing.
  [[nodiscard]] bool has_a_return_at_most() const;
  /// Its key, if there is one; it counts as told. Needs has_a_return_at_most(). The word points into the ledger.
  void append_return(Arguments& out);
  [[nodiscard]] bool has_changes() const { return !changed_.empty() || !given_back_.empty(); }
  /// Their number, then each with its key; they count as told. The words point into the ledger.
  void append_changes(Arguments& out);
  /// Each key with what is held; nothing is left to tell. The words point into the ledger.
  void append_truth(Arguments& out);

 private:
  struct Share {
    std::shared_ptr<balance::PoolActivity> pool;
    std::shared_ptr<balance::BackendActivity> backend;
    std::string key;
    std::int64_t held = 0;
    std::int64_t change = 0;
    bool is_changed = false;  ///< on changed_
  };
  struct Identity {
    const balance::PoolActivity* pool;
    const balance::BackendActivity* backend;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  struct IdentityHash {
    std::size_t operator()(const Identity& identity) const {
      return std::hash<const void*>()(identity.backend) ^ (std::hash<const void*>()(identity.pool) << 1);
    }
  };
  static constexpr std::size_t sweep_min = 1024;

  void forget_changes();
  Share& share_of(const routing::Pool& pool, const balance::Backend& backend);
  void sweep();

  const KeyNames& keys_;
  std::unordered_map<Identity, Share, IdentityHash> shares_;
  std::vector<Share*> changed_;
  std::map<std::string, std::int64_t> given_back_;
  std::map<std::string, std::int64_t> telling_;  ///< keeps given_back_'s keys while a call is put together
  std::size_t sweep_at_ = sweep_min;
};

}  // namespace fairlead::fleet
