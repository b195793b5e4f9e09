// The names of the keys in Redis, under a prefix and, for a pool other than default, under `P:`. Used by whoever calls
// Redis. What each holds: docs/redis.md. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace fairlead::fleet {

class KeyNames {
 public:
  explicit KeyNames(std::string prefix) : prefix_(std::move(prefix)) {}

  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] std::string instances() const { return prefix_ + "fairlead:instances"; }
  [[nodiscard]] std::string epoch() const { return prefix_ + "fairlead:epoch"; }
  [[nodiscard]] std::string ledger(std::string_view member) const {
    return prefix_ + "fairlead:ledger:" + std::string(member);
  }
  /// What stands before a pool's own keys.
  [[nodiscard]] std::string pool(std::string_view name) const {
    return name == "default" ? prefix_ : prefix_ + std::string(name) + ":";
  }
  [[nodiscard]] std::string backend_servers(std::string_view pool_name) const {
    return pool(pool_name) + "backend_servers";
  }
  [[nodiscard]] std::string weights(std::string_view pool_name) const { return pool(pool_name) + "fairlead:weights"; }
  [[nodiscard]] std::string draining(std::string_view pool_name) const { return pool(pool_name) + "fairlead:draining"; }
  [[nodiscard]] std::string configured(std::string_view pool_name) const {
    return pool(pool_name) + "fairlead:configured";
  }
  [[nodiscard]] std::string digest(std::string_view pool_name) const { return pool(pool_name) + "fairlead:digest"; }
  [[nodiscard]] std::string conn_count(std::string_view pool_name, std::string_view url) const {
    return pool(pool_name) + "conn_count:" + std::string(url);
  }

 private:
  std::string prefix_;
};

}  // namespace fairlead::fleet
