#include "control/config_notes.hpp"

namespace fairlead::control {

std::vector<std::string> notes_of(const Config& config) {
  std::vector<std::string> notes;
  if (!config.state.ca_file.empty() && !config.state.url.starts_with("rediss://")) {
    notes.emplace_back("state.ca_file: nothing is encrypted, so it isn't used; TLS needs rediss:// in state.url");
  }
  return notes;
}

}  // namespace fairlead::control
