#include "fleet/ledger.hpp"

#include <algorithm>

namespace fairlead::fleet {

void Ledger::note_counted(const routing::Pool& pool, const balance::Backend& backend) {
  ++share_of(pool, backend).held;
}

void Ledger::note(const routing::Pool& pool, const balance::Backend& backend, int amount) {
  Share& share = share_of(pool, backend);
  share.held += amount;
  share.change += amount;
  check(share.held >= 0, "a request ends once");
  if (!share.is_changed) {
    share.is_changed = true;
    changed_.push_back(&share);
  }
}

void Ledger::give_back(const std::string& count_key) {
  --given_back_[count_key];
}

bool Ledger::has_a_return_at_most() const {
  const auto is_told = [](const Share* share) { return share->change != 0; };
  const auto is_more = [](const Share* share) { return share->change != 0 && share->change != -1; };
  return given_back_.empty() && std::ranges::count_if(changed_, is_told) <= 1 &&
         std::ranges::none_of(changed_, is_more);
}

void Ledger::append_return(Arguments& out) {
  for (const Share* share : changed_) {
    if (share->change != 0) {
      out.add(share->key);
    }
  }
  forget_changes();
}

void Ledger::append_changes(Arguments& out) {
  telling_ = std::exchange(given_back_, {});
  const auto unchanged = [](const Share* share) { return share->change == 0; };
  const auto told = changed_.size() - static_cast<std::size_t>(std::ranges::count_if(changed_, unchanged));
  out.add_number(static_cast<std::int64_t>(told + telling_.size()));
  for (const Share* share : changed_) {
    if (share->change != 0) {
      out.add(share->key);
      out.add_number(share->change);
    }
  }
  forget_changes();
  for (const auto& [key, amount] : telling_) {
    out.add(key);
    out.add_number(amount);
  }
}

void Ledger::forget_changes() {
  for (Share* share : changed_) {
    share->change = 0;
    share->is_changed = false;
  }
  changed_.clear();
}

void Ledger::append_truth(Arguments& out) {
  changed_.clear();
  given_back_.clear();
  for (auto& [identity, share] : shares_) {
    share.change = 0;
    share.is_changed = false;
    if (share.held > 0) {
      out.add(share.key);
      out.add_number(share.held);
    }
  }
}

Ledger::Share& Ledger::share_of(const routing::Pool& pool, const balance::Backend& backend) {
  const Identity identity{pool.activity.get(), backend.activity.get()};
  if (const auto found = shares_.find(identity); found != shares_.end()) {
    return found->second;
  }
  if (shares_.size() >= sweep_at_) {
    sweep();
  }
  Share& share = shares_[identity];
  share.pool = pool.activity;
  share.backend = backend.activity;
  share.key = keys_.conn_count(pool.name, backend.url);
  return share;
}

/// Backends come and go; those without a request need no place.
void Ledger::sweep() {
  std::erase_if(shares_, [](const auto& entry) { return entry.second.held == 0 && !entry.second.is_changed; });
  sweep_at_ = std::max(sweep_min, 2 * shares_.size());
}

}  // namespace fairlead::fleet
