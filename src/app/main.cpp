// Arguments and exit code. What a command does is in app/commands; the parts of a running instance meet in app/server.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "app/commands.hpp"
#include "app/fleet_commands.hpp"
#include "app/version.hpp"
#include "base/nearest_name.hpp"
#include "base/units.hpp"
#include "core/balance/listed_backend.hpp"

namespace {

struct Arguments {
  fairlead::app::RunOptions run;
  std::string check_file;
  std::uint16_t port = 6001;
  std::string delay = "0ms";
  std::vector<std::string> help_topic;  ///< a command, and one of its own
  fairlead::app::BackendOptions backend;
  std::string weight;
};

void add_admin_options(CLI::App& command, fairlead::app::AdminOptions& admin) {
  command.add_option("--admin", admin.address, "Where the instance's admin listener is")->type_name("HOST:PORT");
  command.add_option("--token-file", admin.token_file, "The token of admin.token_file; needed from another host only")
      ->type_name("FILE");
}

void add_fleet_commands(CLI::App& program, Arguments& arguments) {
  CLI::App* backend = program.add_subcommand("backend", "List, add, remove or drain backends of the whole fleet.");
  backend->require_subcommand(1);
  const auto add = [&](const char* name, const char* what) {
    CLI::App* action = backend->add_subcommand(name, what);
    action->add_option("--pool", arguments.backend.pool, "The pool; default: default")->type_name("POOL");
    add_admin_options(*action, arguments.backend.admin);
    return action;
  };
  const auto add_with_url = [&](const char* name, const char* what) {
    CLI::App* action = add(name, what);
    action->add_option("URL", arguments.backend.url, "The backend, as http://HOST:PORT")->required();
    return action;
  };
  add("list", "Show a pool's backends.");
  add_with_url("add", "Let a backend serve: a new one, or one that drains.")
      ->add_option("--weight", arguments.weight, "Its share, 1 to 1000")
      ->type_name("N");
  add_with_url("remove", "Take a backend out; its requests in flight end undisturbed.");
  add_with_url("drain", "Send a backend no new requests; it stays listed.");
  add_admin_options(*program.add_subcommand("status", "One picture of the fleet now."), arguments.backend.admin);
  add_admin_options(*program.add_subcommand("top", "The same, live; Ctrl-C ends it."), arguments.backend.admin);
}

void add_commands(CLI::App& program, Arguments& arguments) {
  CLI::App* run =
      program.add_subcommand("run", "Serve in the foreground; logs to stderr. SIGTERM drains, SIGHUP reloads.");
  run->add_option("--config", arguments.run.config_file, "Configuration file; none: the built-in default")
      ->type_name("FILE");
  run->add_option("--set", arguments.run.overrides, "Override a key, as in --set timeouts.connect=2s; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  run->add_flag("--verbose", arguments.run.verbose, "Log every request's failures as well");
  CLI::App* check =
      program.add_subcommand("check", "Validate a configuration: exit 0, or 1 and every fault with its place.");
  check->add_option("FILE", arguments.check_file, "Configuration file")->required();
  CLI::App* demo =
      program.add_subcommand("demo-backend", "A small backend that answers /process, for trying things out.");
  demo->add_option("--port", arguments.port, "Port on 127.0.0.1; 0: any")->required()->type_name("N");
  demo->add_option("--delay", arguments.delay, "Wait before each answer, as in 5ms")->type_name("DURATION");
  add_fleet_commands(program, arguments);
  program.add_subcommand("version", "Print the version.");
  CLI::App* help = program.add_subcommand("help", "Print help, or that of a command.");
  help->add_option("COMMAND", arguments.help_topic, "Command, and one of its own, as in backend add")
      ->expected(0, 2)
      ->option_text("[COMMAND [ITS COMMAND]]");
  program.require_subcommand(1);
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

/// A first word that is no command, with the one that was perhaps meant. False: it is one, or an option.
bool say_unknown_command(const CLI::App& program, std::string_view word, const std::string& help = "fairlead help") {
  const std::vector<std::string> names = command_names(program);
  if (names.empty()) {
    std::cerr << "fairlead: " << program.get_name() << " has no commands of its own\n";
    return true;
  }
  if (word.empty() || word.front() == '-' || std::find(names.begin(), names.end(), word) != names.end()) {
    return false;
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::optional<std::string_view> nearest = fairlead::nearest_name(word, candidates);
  std::cerr << "fairlead: no command named " << word;
  if (nearest) {
    std::cerr << "; did you mean " << *nearest << '?';
  }
  std::cerr << "\n`" << help << "` lists the commands\n";
  return true;
}

/// Words that the command doesn't take; an option with the one that was perhaps meant.
void say_unexpected(const CLI::App& program) {
  std::vector<std::string> options;
  for (const CLI::App* command : program.get_subcommands()) {
    for (const CLI::Option* option : command->get_options()) {
      options.push_back("--" + option->get_single_name());
    }
  }
  const std::vector<std::string_view> candidates(options.begin(), options.end());
  const std::vector<std::string> words = program.remaining(true);
  const auto option = std::find_if(words.begin(), words.end(), [](const auto& word) { return word.starts_with('-'); });
  const std::string& unexpected = option == words.end() ? words.front() : *option;
  std::cerr << "fairlead: " << unexpected << " isn't expected here";
  if (const std::optional<std::string_view> nearest = fairlead::nearest_name(unexpected, candidates)) {
    std::cerr << "; did you mean " << *nearest << '?';
  }
  std::cerr << "\n`fairlead help COMMAND` lists a command's options\n";
}

int print_help(const CLI::App& program, const std::string& general, const std::vector<std::string>& topic) {
  if (topic.empty()) {
    std::cout << general;
    return 0;
  }
  const CLI::App* command = &program;
  std::string before;
  std::string help = "fairlead help";
  for (const std::string& word : topic) {
    const auto found = command->get_subcommands([&word](const CLI::App* each) { return each->get_name() == word; });
    if (found.empty()) {
      say_unknown_command(*command, word, help);
      return 2;
    }
    before += (before.empty() ? "" : " ") + command->get_name();
    command = found.front();
    help += " " + word;
  }
  std::cout << command->help(before);
  return 0;
}

int run_backend(const CLI::App& command, Arguments& arguments) {
  using namespace fairlead::app;  // NOLINT(google-build-using-namespace): the four actions
  if (!arguments.weight.empty()) {
    const std::optional<std::uint64_t> weight = fairlead::parse_whole(arguments.weight);
    if (!weight || *weight == 0 || *weight > fairlead::balance::weight_max) {
      std::cerr << "fairlead: --weight " << arguments.weight << " isn't a weight; use a whole number from 1 to 1000\n";
      return 2;
    }
    arguments.backend.weight = static_cast<std::uint32_t>(*weight);
  }
  if (command.got_subcommand("list")) {
    return backend_list(arguments.backend);
  }
  if (command.got_subcommand("add")) {
    return backend_add(arguments.backend);
  }
  return command.got_subcommand("remove") ? backend_remove(arguments.backend) : backend_drain(arguments.backend);
}

int run_demo(const Arguments& arguments) {
  const std::optional<std::chrono::milliseconds> delay = fairlead::parse_duration(arguments.delay);
  if (!delay) {
    std::cerr << "fairlead: --delay " << arguments.delay << " isn't a duration; use 250ms, 5s or 1m\n";
    return 1;
  }
  return fairlead::app::demo_backend(arguments.port, *delay);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("fairlead balances HTTP over backends; its instances act as one.", "fairlead");
  Arguments arguments;
  add_commands(program, arguments);
  program.set_version_flag("-V,--version", "fairlead " + std::string(fairlead::app::version));
  const std::string general_help = program.help();  // once a command is parsed, help() gives that command's
  if (argc < 2) {
    std::cerr << general_help;
    return 2;
  }
  if (say_unknown_command(program, argv[1])) {
    return 2;
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    say_unexpected(program);
    return 2;
  } catch (const CLI::ParseError& fault) {
    if (fault.get_exit_code() == 0) {
      return program.exit(fault, std::cout, std::cerr);  // --help
    }
    const bool lacks_action = std::string_view(argv[1]) == "backend" && fault.get_name() == "RequiredError" &&
                              program.get_subcommand("backend")->get_subcommands().empty();
    std::cerr << "fairlead: " << (lacks_action ? "backend needs list, add, remove or drain" : fault.what())
              << "\n`fairlead help` lists the commands\n";
    return 2;
  }
  if (program.got_subcommand("run")) {
    return fairlead::app::run(arguments.run);
  }
  if (program.got_subcommand("check")) {
    return fairlead::app::check(arguments.check_file);
  }
  if (program.got_subcommand("demo-backend")) {
    return run_demo(arguments);
  }
  if (program.got_subcommand("backend")) {
    return run_backend(*program.get_subcommand("backend"), arguments);
  }
  if (program.got_subcommand("status")) {
    return fairlead::app::status(arguments.backend.admin);
  }
  if (program.got_subcommand("top")) {
    return fairlead::app::top(arguments.backend.admin);
  }
  if (program.got_subcommand("version")) {
    return fairlead::app::print_version();
  }
  return print_help(program, general_help, arguments.help_topic);
}
