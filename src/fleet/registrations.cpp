#include "fleet/registrations.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::fleet {
namespace {

bool has_url(const Registrations::List& list, const std::string& url) {
  return std::ranges::find(list, url, &balance::ListedBackend::url) != list.end();
}

}  // namespace

void Registrations::restart(const std::vector<Pool>& pools) {
  const std::map<std::string, Open> before = std::exchange(open_, {});
  for (const Pool& pool : pools) {
    if (!pool.configured.empty()) {
      const auto known = before.find(pool.name);
      open_[pool.name] = {.backends = pool.configured,
                          .reason = known == before.end() ? std::string_view() : known->second.reason};
    }
  }
}

void Registrations::reconfigure(const std::vector<Pool>& before, const std::vector<Pool>& after) {
  std::map<std::string, Open> next;
  for (const Pool& pool : after) {
    const auto old = std::ranges::find(before, pool.name, &Pool::name);
    const auto still_open = open_.find(pool.name);
    Open open = still_open == open_.end() ? Open() : still_open->second;
    const List was_open = std::exchange(open.backends, {});
    bool has_new = false;
    for (const balance::ListedBackend& backend : pool.configured) {
      const bool is_new = old == before.end() || std::ranges::count(old->configured, backend) == 0;
      if (is_new || has_url(was_open, backend.url)) {
        open.backends.push_back(backend);
      }
      has_new = has_new || is_new;
    }
    if (has_new) {
      open.is_under_way = false;
      open.not_before = {};
    }
    if (!open.backends.empty()) {
      next.emplace(pool.name, std::move(open));
    }
  }
  open_ = std::move(next);
}

bool Registrations::is_due(io::TimePoint now) const {
  return std::ranges::any_of(
      open_, [now](const auto& entry) { return !entry.second.is_under_way && entry.second.not_before <= now; });
}

std::vector<Registrations::Pool> Registrations::take(io::TimePoint now) {
  std::vector<Pool> taken;
  for (auto& [name, open] : open_) {
    if (!open.is_under_way && open.not_before <= now) {
      open.is_under_way = true;
      taken.push_back({name, open.backends});
    }
  }
  return taken;
}

bool Registrations::done(const Pool& pool) {
  const auto found = open_.find(pool.name);
  if (found == open_.end()) {
    return false;
  }
  if (!found->second.is_under_way || found->second.backends != pool.configured) {
    put_back(pool);  // what is wanted since is another list, or of a Redis that lost its data
    return false;
  }
  const bool was_refused = !found->second.reason.empty();
  open_.erase(found);
  return was_refused;
}

bool Registrations::refused(const Pool& pool, std::string_view reason, io::TimePoint now) {
  const auto found = open_.find(pool.name);
  if (found == open_.end()) {
    return false;
  }
  Open& open = found->second;
  open.is_under_way = false;
  open.not_before = now + pause;
  return std::exchange(open.reason, reason) != reason;
}

void Registrations::put_back(const Pool& pool) {
  if (const auto found = open_.find(pool.name); found != open_.end()) {
    found->second.is_under_way = false;
    found->second.not_before = {};
  }
}

void Registrations::lost() {
  for (auto& [name, open] : open_) {
    open.is_under_way = false;
  }
}

void Registrations::removed(const std::string& pool, const std::string& url) {
  const auto found = open_.find(pool);
  if (found == open_.end()) {
    return;
  }
  List& backends = found->second.backends;
  std::erase_if(backends, [&url](const auto& backend) { return backend.url == url; });
  if (backends.empty()) {
    open_.erase(found);
  }
}

void Registrations::complete(const std::string& pool, List& list) const {
  const auto found = open_.find(pool);
  if (found == open_.end()) {
    return;
  }
  for (const balance::ListedBackend& backend : found->second.backends) {
    if (!has_url(list, backend.url)) {
      list.push_back(backend);
    }
  }
}

std::map<std::string, std::string_view> Registrations::refusals() const {
  std::map<std::string, std::string_view> reasons;
  for (const auto& [name, open] : open_) {
    if (!open.reason.empty()) {
      reasons.emplace(name, open.reason);
    }
  }
  return reasons;
}

}  // namespace fairlead::fleet
