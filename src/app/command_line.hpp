// The words that the program was called with -> what is to be done with which options, or what is to be said at once:
// help, the version, and why a call can't be meant. The one spot that knows CLI11 and catches what it throws.
// Used by main. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "app/commands.hpp"
#include "app/fleet_commands.hpp"

namespace fairlead::app {

enum class Command : std::uint8_t { run, check, demo_backend, list, add, remove, drain, status, top };

struct Call {
  Command command = Command::run;
  RunOptions run;          ///< of check too: its origin
  BackendOptions backend;  ///< of status and top too: its admin listener
  std::uint16_t demo_port = 0;
  std::chrono::milliseconds demo_delay{0};
};

/// Nothing is left to do but to print it: to stdout with code 0, else to stderr.
struct Said {
  int exit_code = 0;
  std::string text;
};

/// `words` are those after the program's name. A call that can't be meant has the exit code 2.
std::variant<Call, Said> read_command_line(const std::vector<std::string>& words);

}  // namespace fairlead::app
