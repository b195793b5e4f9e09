#include "control/config_notes.hpp"

#include <algorithm>

namespace fairlead::control {
namespace {

bool has_weights(const Config& config) {
  return std::any_of(config.pools.begin(), config.pools.end(), [](const PoolConfig& pool) {
    return std::any_of(pool.backends.begin(), pool.backends.end(),
                       [](const BackendConfig& backend) { return backend.weight != 1; });
  });
}

}  // namespace

std::vector<std::string> notes_of(const Config& config) {
  std::vector<std::string> notes;
  const bool is_shared = !config.state.url.starts_with("memory://");
  if (config.engine == EngineChoice::io_uring) {
    notes.emplace_back("engine: io_uring isn't available yet; epoll serves");
  }
  if (!config.state.ca_file.empty() && !config.state.url.starts_with("rediss://")) {
    notes.emplace_back("state.ca_file: nothing is encrypted, so it isn't used; TLS needs rediss:// in state.url");
  }
  if (is_shared && config.state.coordination == Coordination::exact && has_weights(config)) {
    notes.emplace_back("pools: weights don't act in exact coordination for now; there all backends weigh the same");
  }
  return notes;
}

}  // namespace fairlead::control
