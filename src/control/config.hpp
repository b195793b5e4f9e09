// The configuration as plain typed values with their defaults: what config_parser makes of a file and what
// snapshot_builder and app/server read. Value types; units are in the types. docs/configuration.md is the reference.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/balance/strategy.hpp"

namespace fairlead::control {

using Milliseconds = std::chrono::milliseconds;

struct ListenerConfig {
  std::string address;  ///< "IP:PORT", "[IPv6]:PORT"

  friend bool operator==(const ListenerConfig&, const ListenerConfig&) = default;
};

enum class EngineChoice : std::uint8_t { automatic, epoll, io_uring };
enum class Coordination : std::uint8_t { leased, exact };

struct StateConfig {
  std::string url = "memory://";
  Coordination coordination = Coordination::leased;
  Milliseconds sync_interval{0};  ///< of leased coordination; 0: follows the requests
  std::string key_prefix;
  std::string ca_file;  ///< PEM; empty: what the system trusts

  friend bool operator==(const StateConfig&, const StateConfig&) = default;
};

struct LimitsConfig {
  std::size_t head = 32 * 1024;
  std::size_t line = 8 * 1024;
  std::size_t fields = 100;
  std::size_t target = 8 * 1024;
  std::uint64_t body = 64ULL << 20;  ///< 0: no limit
  std::size_t connections = 8'000;   ///< client connections at once, over all workers

  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

struct TimeoutsConfig {
  Milliseconds header{10'000};
  Milliseconds body_idle{30'000};
  Milliseconds keep_alive{75'000};
  Milliseconds connect{1'000};
  Milliseconds first_byte{30'000};
  Milliseconds idle{60'000};
  Milliseconds drain{30'000};

  friend bool operator==(const TimeoutsConfig&, const TimeoutsConfig&) = default;
};

struct BackendConfig {
  std::string url;
  std::uint32_t weight = 1;

  friend bool operator==(const BackendConfig&, const BackendConfig&) = default;
};

/// Where a request's key is: at most one of them is set, a name. None: the client's address is the key.
struct HashKeyConfig {
  std::string header;
  std::string cookie;
  std::string query_parameter;

  friend bool operator==(const HashKeyConfig&, const HashKeyConfig&) = default;
};

struct PoolConfig {
  std::string name = "default";
  balance::StrategyId strategy = balance::StrategyId::round_robin;
  HashKeyConfig hash_key{};
  std::uint32_t hash_load_max = 125;  ///< hundredths of a backend's share; 0: no bound
  std::vector<BackendConfig> backends;

  friend bool operator==(const PoolConfig&, const PoolConfig&) = default;
};

struct RouteConfig {
  std::string path;  ///< exact path, or the prefix
  bool is_prefix = false;
  std::vector<std::string> methods;  ///< empty: all
  std::string pool = "default";
  std::optional<balance::StrategyId> strategy;  ///< nothing: the pool's
  std::string rewrite_path;
  std::string strategy_parameter;
  bool annotated = false;
  std::optional<std::uint64_t> body;
  std::optional<Milliseconds> first_byte;
  std::optional<Milliseconds> idle;

  friend bool operator==(const RouteConfig&, const RouteConfig&) = default;
};

struct Config {
  std::vector<ListenerConfig> listen{{"0.0.0.0:5000"}};
  std::string admin_address = "127.0.0.1:8000";
  std::string admin_token_file;  ///< empty: only this machine may change things
  std::string admin_token;       ///< what the file holds; read by whoever reads the configuration
  unsigned workers = 0;          ///< 0: one a core
  EngineChoice engine = EngineChoice::automatic;
  StateConfig state;
  LimitsConfig limits;
  TimeoutsConfig timeouts;
  std::vector<std::string> trusted_proxies;  ///< CIDR ranges
  std::vector<PoolConfig> pools{PoolConfig{}};
  std::vector<RouteConfig> routes;
};

}  // namespace fairlead::control
