#include "control/config_validator.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/units.hpp"
#include "control/snapshot_builder.hpp"

namespace fairlead::control {
namespace {

std::string item(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

/// Where things are, nearest known place first.
class Places {
 public:
  Places(const Positions& positions, const KeySources& sources, Position fallback)
      : positions_(positions), sources_(sources), fallback_(fallback) {}

  [[nodiscard]] bool has(const std::string& place) const { return positions_.contains(place); }
  /// Here or in another source; else it is a default.
  [[nodiscard]] bool is_written(const std::string& place) const { return sources_.has(place); }

  [[nodiscard]] Position of(const std::string& place, const std::string& key) const {
    if (const auto found = positions_.find(place + key); found != positions_.end()) {
      return found->second;
    }
    const auto found = positions_.find(place);
    return found != positions_.end() ? found->second : fallback_;
  }

 private:
  const Positions& positions_;
  const KeySources& sources_;
  Position fallback_;
};

std::string first_in_line(const Places& places, const std::string& place, const std::string& key) {
  return "the first is in line " + std::to_string(places.of(place, key).line);
}

std::string_view host_of(std::string_view address) {
  return address.substr(0, address.rfind(':'));
}

/// An address that is listened on, and the key that says so.
struct Listening {
  std::string address;
  std::string key;
};

/// 0.0.0.0:P takes P on every IPv4 address, [::]:P on every address.
bool overlap(const Listening& left, const Listening& right) {
  const auto port_of = [](std::string_view address) { return address.substr(address.rfind(':') + 1); };
  const auto takes = [](std::string_view any, std::string_view host) {
    return any == "[::]" || (any == "0.0.0.0" && !host.starts_with('['));
  };
  const std::string_view one = host_of(left.address);
  const std::string_view other = host_of(right.address);
  return port_of(left.address) == port_of(right.address) && (one == other || takes(one, other) || takes(other, one));
}

std::string overlap_text(const Listening& later, const Listening& earlier, const Places& places) {
  const std::string where = places.has(earlier.key) ? " (line " + std::to_string(places.of(earlier.key, "").line) + ")"
                                                    : " (`" + earlier.key + "`)";
  if (later.address == earlier.address) {
    return backquoted(later.address) + " is listened on twice" + where + "; give each its own port";
  }
  const std::string_view any =
      host_of(later.address) == "[::]" || host_of(earlier.address) == "[::]" ? "[::]" : "0.0.0.0";
  return backquoted(later.address) + " and " + backquoted(earlier.address) + where + " can't both be listened on, " +
         std::string(any) + " is " + (any == "[::]" ? "every address" : "every IPv4 address") +
         " of this machine; give each its own port";
}

void check_listeners(const Config& config, const Places& places, ProblemList& problems) {
  std::vector<Listening> all;
  all.reserve(config.listen.size() + 1);
  for (std::size_t index = 0; index < config.listen.size(); ++index) {
    all.push_back({config.listen[index].address, item("listen", index) + ".address"});
  }
  all.push_back({config.admin_address, "admin.address"});
  std::erase_if(all, [](const Listening& each) { return each.address.empty() || each.address.ends_with(":0"); });
  for (auto later = all.begin(); later != all.end(); ++later) {
    const auto earlier = std::find_if(all.begin(), later, [&](const Listening& each) { return overlap(*later, each); });
    if (earlier == later) {
      continue;
    }
    // A default is at nobody's place: the fault is at the address that was written.
    const bool is_swapped = !places.has(later->key) && places.has(earlier->key);
    const Listening& shown = is_swapped ? *earlier : *later;
    problems.add(places.of(shown.key, ""), overlap_text(shown, is_swapped ? *later : *earlier, places));
  }
}

void check_limits(const Config& config, const Places& places, ProblemList& problems) {
  const std::string head = format_size(config.limits.head);
  std::string by_default;
  std::size_t least = 0;
  const auto at_most_head = [&](std::size_t value, std::size_t standard, const std::string& key) {
    if (value <= config.limits.head) {
      return;
    }
    if (value == standard && !places.is_written(key)) {
      by_default += (by_default.empty() ? "`" : " and `") + key + "` (" + format_size(value) + " by default)";
      least = std::max(least, value);
    } else {
      // Where the key itself is written elsewhere, the head was made less than it.
      problems.add(places.of("limits", places.has(key) ? key.substr(6) : ".head"),
                   "`" + key + "` is " + format_size(value) +
                       " and more than the whole head; make it at most `limits.head`, " + head);
    }
  };
  at_most_head(config.limits.line, LimitsConfig{}.line, "limits.line");
  at_most_head(config.limits.target, LimitsConfig{}.target, "limits.target");
  if (!by_default.empty()) {
    problems.add(places.of("limits", ".head"), "`limits.head` is " + head + " and less than " + by_default +
                                                   "; write these too, at most " + head + ", or make the head " +
                                                   format_size(least));
  }
}

void check_backends(const PoolConfig& pool, const std::string& place, const Places& places, ProblemList& problems) {
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t index = 0; index < pool.backends.size(); ++index) {
    const std::string& url = pool.backends[index].url;
    const auto [first, is_new] = seen.emplace(url, index);
    if (!url.empty() && !is_new) {
      const std::string list = place + ".backends";
      problems.add(places.of(item(list, index), ".url"),
                   "this backend is twice in the pool; keep one of them, weight is how one serves more (" +
                       first_in_line(places, item(list, first->second), ".url") + ")");
    }
  }
}

void check_pools(const Config& config, const Places& places, ProblemList& problems) {
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t index = 0; index < config.pools.size(); ++index) {
    const PoolConfig& pool = config.pools[index];
    const auto [first, is_new] = seen.emplace(pool.name, index);
    if (!pool.name.empty() && !is_new) {
      problems.add(places.of(item("pools", index), ".name"),
                   "a second pool has the name " + backquoted(pool.name) + "; give each its own (" +
                       first_in_line(places, item("pools", first->second), ".name") + ")");
    }
    check_backends(pool, item("pools", index), places, problems);
  }
}

/// Where the pools, or one of them, got the names that they have.
Position place_of_names(const Config& config, const Places& places) {
  for (std::size_t index = 0; !places.has("pools") && index < config.pools.size(); ++index) {
    if (places.has(item("pools", index) + ".name")) {
      return places.of(item("pools", index), ".name");
    }
  }
  return places.of("pools", "");
}

void check_route_pools(const Config& config, const Places& places, ProblemList& problems) {
  std::vector<std::string_view> names;
  names.reserve(config.pools.size());
  for (const PoolConfig& pool : config.pools) {
    names.push_back(pool.name);
  }
  // A pool whose name is at fault may be the one that is meant.
  const bool names_are_known = std::find(names.begin(), names.end(), std::string_view()) == names.end();
  for (std::size_t index = 0; names_are_known && index < config.routes.size(); ++index) {
    const std::string& pool = config.routes[index].pool;
    const std::string place = item("routes", index);
    if (std::find(names.begin(), names.end(), pool) != names.end()) {
      continue;
    }
    const std::string missing = "there is no pool " + backquoted(pool);
    if (!places.is_written("routes") && !places.is_written(place + ".pool")) {
      problems.add(place_of_names(config, places),
                   missing +
                       ", where the built-in route sends `POST /proxy`; name a pool so, or write `routes` of "
                       "your own");
    } else if (!places.has(place) && !places.has(place + ".pool")) {
      problems.add(place_of_names(config, places),
                   missing + ", where " + backquoted(place) + " sends its requests" + suggestion(pool, names));
    } else {
      problems.add(places.of(place, ".pool"), missing + suggestion(pool, names));
    }
  }
}

/// Keys of `hash_key` that are set, in its order.
std::vector<std::string> key_sources(const HashKeyConfig& key) {
  std::vector<std::string> sources;
  for (const auto& [source, name] : {std::pair{"header", &key.header}, std::pair{"cookie", &key.cookie},
                                     std::pair{"query_parameter", &key.query_parameter}}) {
    if (!name->empty()) {
      sources.emplace_back(source);
    }
  }
  return sources;
}

void check_affinity(const Config& config, const Places& places, ProblemList& problems) {
  for (std::size_t index = 0; index < config.pools.size(); ++index) {
    const PoolConfig& pool = config.pools[index];
    const std::string place = item("pools", index);
    const std::vector<std::string> sources = key_sources(pool.hash_key);
    if (sources.size() > 1) {
      problems.add(places.of(place + ".hash_key", "." + sources[1]),
                   "`hash_key` has both `" + sources[0] + "` and `" + sources[1] + "`; keep one of them");
    }
    const bool is_bound_set = pool.hash_load_max != PoolConfig{}.hash_load_max;
    if ((!sources.empty() || is_bound_set) && !chooses_by_key(config, pool)) {
      const std::string key = sources.empty() ? "hash_load_max" : "hash_key";
      problems.add(places.of(place, "." + key),
                   backquoted(key) +
                       " does nothing, no request to this pool is sent by its key; add `strategy: "
                       "consistent_hash`, or leave the key out");
    }
  }
}

bool has_same_path(const RouteConfig& left, const RouteConfig& right) {
  return left.is_prefix == right.is_prefix && left.path == right.path;
}

/// Each path that `inner` matches is matched by `outer` too.
bool covers(const RouteConfig& outer, const RouteConfig& inner) {
  return has_same_path(outer, inner) || (outer.is_prefix && inner.path.starts_with(outer.path));
}

bool takes_method(const RouteConfig& route, const std::string& method) {
  return route.methods.empty() || std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
}

/// The earlier routes of the very same path leave `route` no method.
bool methods_are_taken(const Config& config, std::size_t index) {
  const RouteConfig& route = config.routes[index];
  const auto earlier = [&](auto predicate) {
    return std::any_of(config.routes.begin(), config.routes.begin() + static_cast<std::ptrdiff_t>(index),
                       [&](const RouteConfig& other) { return has_same_path(other, route) && predicate(other); });
  };
  if (route.methods.empty()) {
    return earlier([](const RouteConfig& other) { return other.methods.empty(); });
  }
  return std::all_of(route.methods.begin(), route.methods.end(), [&](const std::string& method) {
    return earlier([&](const RouteConfig& other) { return takes_method(other, method); });
  });
}

// As RouteTable decides: the first route whose path matches; for its other methods only routes of the very same path.
void check_route_order(const Config& config, const Places& places, ProblemList& problems) {
  for (std::size_t index = 0; index < config.routes.size(); ++index) {
    const RouteConfig& route = config.routes[index];
    const auto first = std::find_if(config.routes.begin(), config.routes.end(), [&](const RouteConfig& other) {
      return !other.path.empty() && covers(other, route);
    });
    const auto first_index = static_cast<std::size_t>(first - config.routes.begin());
    if (route.path.empty() || first_index >= index) {
      continue;
    }
    const Position earlier = places.of(item("routes", first_index), first->is_prefix ? ".prefix" : ".path");
    const std::string taken = " before it (line " + std::to_string(earlier.line) + ")";
    const Position at = places.of(item("routes", index), route.is_prefix ? ".prefix" : ".path");
    if (!has_same_path(*first, route)) {
      problems.add(at, "this route can never serve, " + backquoted(first->path) + " takes its paths" + taken +
                           "; put this one first");
    } else if (methods_are_taken(config, index)) {
      problems.add(at, "this route can never serve, " + backquoted(route.path) + " is taken with all its methods" +
                           taken + "; remove one of them");
    }
  }
}

}  // namespace

void validate(const Config& config, const Positions& positions, const KeySources& sources, Position fallback,
              ProblemList& problems) {
  const Places places(positions, sources, fallback);
  check_listeners(config, places, problems);
  check_limits(config, places, problems);
  check_pools(config, places, problems);
  check_affinity(config, places, problems);
  check_route_pools(config, places, problems);
  check_route_order(config, places, problems);
}

}  // namespace fairlead::control
