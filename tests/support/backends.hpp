// Sets of backends for tests of what chooses among them: http://b0, http://b1, ... Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/balance/backend_set.hpp"

namespace fairlead::testing {

/// One a weight.
inline balance::BackendSet backends_of(const std::vector<std::uint32_t>& weights) {
  std::vector<balance::Backend> backends;
  for (const std::uint32_t weight : weights) {
    balance::Backend& backend = backends.emplace_back();
    backend.host = "b" + std::to_string(backends.size() - 1);
    backend.url = "http://" + backend.host;
    backend.weight = weight;
  }
  return balance::BackendSet(std::move(backends));
}

/// So many of weight 1.
inline balance::BackendSet equal_backends(std::size_t count) {
  return backends_of(std::vector<std::uint32_t>(count, 1));
}

}  // namespace fairlead::testing
