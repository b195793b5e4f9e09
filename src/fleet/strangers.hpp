// Backends that Redis chose but the snapshot doesn't know yet: a list edited by hand a moment ago. They live while a
// request is in flight to them. Used by redis_store; one loop thread.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/balance/backend_set.hpp"

namespace fairlead::fleet {

class Strangers {
 public:
  /// The backend of that pool and URL, held once more. Error: not a backend URL.
  Result<const balance::Backend*> hold(const std::string& pool, std::string_view url);
  /// Held once less; nothing happens to a backend that isn't a stranger.
  void release(const balance::Backend& backend);
  [[nodiscard]] std::size_t size() const { return strangers_.size(); }

 private:
  using Identity = std::pair<std::string, std::string>;  ///< pool, URL
  struct Stranger {
    balance::Backend backend;
    std::uint32_t holders = 0;
  };

  std::map<Identity, Stranger> strangers_;
  std::unordered_map<const balance::Backend*, std::map<Identity, Stranger>::iterator> by_backend_;
};

}  // namespace fairlead::fleet
