// The program's commands, each a function of its arguments that gives the exit code. Messages for people go to stderr,
// answers to stdout.
#pragma once

#include <chrono>
#include <cstdint>

#include "app/loaded_config.hpp"

namespace fairlead::app {

struct RunOptions {
  ConfigOrigin origin;
  bool verbose = false;  ///< debug lines as well
};

/// Serves until SIGTERM or SIGINT; 0 after a drain, 1 when it can't start.
int run(const RunOptions& options);
/// 0: no fault; 1: every fault on stderr.
int check(const ConfigOrigin& origin);
int demo_backend(std::uint16_t port, std::chrono::milliseconds delay);

}  // namespace fairlead::app
