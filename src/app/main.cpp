// The words of the call -> a command and its exit code. What a command does is in app/commands and app/fleet_commands;
// the parts of a running instance meet in app/server.
#include <iostream>

#include "app/command_line.hpp"

namespace {

using namespace fairlead::app;  // NOLINT(google-build-using-namespace): the commands

int perform(const Call& call) {
  switch (call.command) {
    case Command::run: return run(call.run);
    case Command::check: return check(call.run.origin);
    case Command::demo_backend: return demo_backend(call.demo_port, call.demo_delay);
    case Command::list: return backend_list(call.backend);
    case Command::add: return backend_add(call.backend);
    case Command::remove: return backend_remove(call.backend);
    case Command::drain: return backend_drain(call.backend);
    case Command::status: return status(call.backend.admin);
    case Command::top: return top(call.backend.admin);
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const auto read = read_command_line({argv + 1, argv + argc});
  if (const auto* said = std::get_if<Said>(&read)) {
    (said->exit_code == 0 ? std::cout : std::cerr) << said->text;
    return said->exit_code;
  }
  return perform(std::get<Call>(read));
}
