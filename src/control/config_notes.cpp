#include "control/config_notes.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "control/config_problem.hpp"
#include "core/balance/backend_set.hpp"
#include "core/routing/address_range.hpp"

namespace fairlead::control {
namespace {

using Notes = std::vector<Note>;

std::string item(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

void note_state(const StateConfig& state, Notes& notes) {
  if (!state.ca_file.empty() && !state.url.starts_with("rediss://")) {
    notes.push_back(
        {"state.ca_file", "`state.ca_file` isn't used, nothing is encrypted; TLS needs rediss:// in `state.url`"});
  }
  if (state.url != "memory://") {
    return;
  }
  const auto idle = [&notes](std::string_view key) {
    notes.push_back({std::string(key), backquoted(key) + " does nothing with memory://; give `state.url` a Redis, or "
                                                         "leave the key out"});
  };
  if (state.coordination != StateConfig{}.coordination) {
    idle("state.coordination");
  }
  if (state.sync_interval != StateConfig{}.sync_interval) {
    idle("state.sync_interval");
  }
  if (!state.key_prefix.empty()) {
    idle("state.key_prefix");
  }
}

void note_ranges(const std::vector<std::string>& ranges, Notes& notes) {
  for (std::size_t index = 0; index < ranges.size(); ++index) {
    const auto range = routing::parse_address_range(ranges[index]);
    if (range && routing::has_host_bits(*range)) {
      const std::string address = ranges[index].substr(0, ranges[index].find('/'));
      notes.push_back(
          {item("trusted_proxies", index), backquoted(ranges[index]) +
                                               " is an address with the width of a range, and the whole range is "
                                               "trusted; write " +
                                               address + " for this address alone, or the range by its first address"});
    }
  }
}

/// What a URL leads to, whatever it is called: a lower-case host and its port.
std::string place_of(const std::string& url) {
  const Result<balance::BackendAddress> address = balance::parse_backend_url(url);
  if (!address) {
    return url;
  }
  std::string host = address->host;
  std::ranges::transform(host, host.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
  });
  return host + ":" + std::to_string(address->port);
}

void note_backends(const PoolConfig& pool, const std::string& list, Notes& notes) {
  std::map<std::string, const std::string*> seen;
  std::size_t with_slash = 0;
  for (std::size_t index = 0; index < pool.backends.size(); ++index) {
    const std::string& url = pool.backends[index].url;
    const std::string key = item(list, index) + ".url";
    const auto [first, is_new] = seen.emplace(place_of(url), &url);
    if (!is_new && *first->second != url) {
      notes.push_back({key, backquoted(url) + " is the same server as " + backquoted(*first->second) +
                                ", and is counted as another one; keep one of them"});
    } else if (url.ends_with('/') && ++with_slash == 1) {
      notes.push_back({key, backquoted(url) + " has a / at its end, which is part of its name in the shared state and "
                                              "in metrics; leave it out"});
    }
  }
}

void note_pools(const Config& config, Notes& notes) {
  for (std::size_t index = 0; index < config.pools.size(); ++index) {
    const PoolConfig& pool = config.pools[index];
    note_backends(pool, item("pools", index) + ".backends", notes);
    if (std::ranges::find(config.routes, pool.name, &RouteConfig::pool) == config.routes.end()) {
      notes.push_back({item("pools", index) + ".name",
                       "no route goes to the pool " + backquoted(pool.name) + "; add one, or leave the pool out"});
    }
  }
}

}  // namespace

Notes notes_of(const Config& config) {
  Notes notes;
  note_state(config.state, notes);
  note_ranges(config.trusted_proxies, notes);
  note_pools(config, notes);
  return notes;
}

}  // namespace fairlead::control
