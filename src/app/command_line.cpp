#include "app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "app/version.hpp"
#include "base/nearest_name.hpp"
#include "base/units.hpp"
#include "core/balance/listed_backend.hpp"

namespace fairlead::app {
namespace {

constexpr std::uint64_t port_max = 65'535;

/// What the options are stored into; texts that are still to be understood among them.
struct Options {
  Call call;
  std::string port;
  std::string delay = "0ms";
  std::string weight;
  std::vector<std::string> help_topic;  ///< a command, and one of its own
};

void add_admin_options(CLI::App& command, AdminOptions& admin) {
  command.add_option("--admin", admin.address, "Where the instance's admin listener is")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command.add_option("--token-file", admin.token_file, "The token of admin.token_file; needed from another host only")
      ->type_name("FILE");
}

void add_set_option(CLI::App& command, ConfigOrigin& origin) {
  command.add_option("--set", origin.overrides, "Override a key, as in --set timeouts.connect=2s; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_fleet_commands(CLI::App& program, Options& options) {
  BackendOptions& target = options.call.backend;
  CLI::App* backend = program.add_subcommand("backend", "List, add, remove or drain backends of the whole fleet.");
  backend->require_subcommand(1);
  const auto add = [&](const char* name, const char* what) {
    CLI::App* action = backend->add_subcommand(name, what);
    action->add_option("--pool", target.pool, "The pool")->type_name("POOL")->capture_default_str();
    add_admin_options(*action, target.admin);
    return action;
  };
  const auto add_with_url = [&](const char* name, const char* what) {
    CLI::App* action = add(name, what);
    action->add_option("URL", target.url, "The backend, as http://HOST:PORT")->required();
    return action;
  };
  add("list", "Show a pool's backends.");
  add_with_url("add", "Let a backend serve: a new one, or one that drains.")
      ->add_option("--weight", options.weight, "Its share, 1 to 1000; by default 1, or what it has already")
      ->type_name("N");
  add_with_url("remove", "Take a backend out; its requests in flight end undisturbed.");
  add_with_url("drain", "Send a backend no new requests; it stays listed.");
  add_admin_options(*program.add_subcommand("status", "One picture of the fleet now."), target.admin);
  add_admin_options(*program.add_subcommand("top", "The same, live; Ctrl-C ends it."), target.admin);
}

void add_commands(CLI::App& program, Options& options) {
  ConfigOrigin& origin = options.call.run.origin;
  CLI::App* run =
      program.add_subcommand("run", "Serve in the foreground; logs to stderr. SIGTERM drains, SIGHUP reloads.");
  run->add_option("--config", origin.file, "Configuration file; none: the built-in default")->type_name("FILE");
  add_set_option(*run, origin);
  run->add_flag("--verbose", options.call.run.verbose, "Log every request's failures as well");
  run->footer("FAIRLEAD_STATE in the environment is the state's URL when there is no --config; else memory:// is.");
  CLI::App* check =
      program.add_subcommand("check", "Validate a configuration: exit 0, or 1 and every fault with its place.");
  check->add_option("FILE", origin.file, "Configuration file")->required();
  add_set_option(*check, origin);
  CLI::App* demo =
      program.add_subcommand("demo-backend", "A small backend that answers /process, for trying things out.");
  demo->add_option("--port", options.port, "Port on 127.0.0.1; 0: any")->required()->type_name("N");
  demo->add_option("--delay", options.delay, "Wait before each answer, as in 5ms")
      ->type_name("DURATION")
      ->capture_default_str();
  add_fleet_commands(program, options);
  program.add_subcommand("version", "Print the version.");
  CLI::App* help = program.add_subcommand("help", "Print help, or that of a command.");
  help->add_option("COMMAND", options.help_topic, "Command, and one of its own, as in backend add")
      ->expected(0, 2)
      ->option_text("[COMMAND [ITS COMMAND]]");
  program.require_subcommand(1);  // so that the word behind `help` isn't a second one
}

std::vector<std::string> command_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(each->get_name());
  }
  return names;
}

const CLI::App* find_command(const CLI::App& command, std::string_view word) {
  const auto found = command.get_subcommands([word](const CLI::App* each) { return each->get_name() == word; });
  return found.empty() ? nullptr : found.front();
}

std::string question(std::string_view word, const std::vector<std::string>& names) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::optional<std::string_view> nearest = nearest_name(word, candidates);
  return nearest ? "; did you mean " + std::string(*nearest) + "?" : std::string();
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : name == names.back() ? " and " : ", ") + name;
  }
  return text;
}

/// `command` has the name `option`, "--config".
bool has_option(const CLI::App& command, const std::string& option) {
  return command.get_option_no_throw(option) != nullptr;
}

/// "fairlead run", "fairlead backend add": the first command that takes the option; empty: none does.
std::string command_with(const CLI::App& command, const std::string& option, const std::string& before) {
  for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; })) {
    std::string name = before + " " + each->get_name();
    if (has_option(*each, option)) {
      return name;
    }
    if (std::string inner = command_with(*each, option, name); !inner.empty()) {
      return inner;
    }
  }
  return {};
}

bool is_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
}

bool asks_for_help(std::string_view word) {
  return word == "-h" || word == "--help" || word == "-V" || word == "--version";
}

Said wrong(const std::string& sentence, const std::string& help) {
  return {2, "fairlead: " + sentence + "\n" + help + "\n"};
}

class CommandLine {
 public:
  CommandLine() {
    add_commands(program_, options_);
    program_.set_version_flag("-V,--version", "fairlead " + std::string(version));
    general_help_ = program_.help();  // once a command is parsed, help() gives that command's
  }

  std::variant<Call, Said> read(const std::vector<std::string>& words) {
    if (words.empty()) {
      return Said{2, general_help_};
    }
    if (std::optional<Said> refusal = refuse_commands(words)) {
      return *std::move(refusal);
    }
    try {
      program_.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::CallForVersion&) {
      return Said{0, program_.version() + "\n"};
    } catch (const CLI::CallForHelp&) {
      return Said{0, program_.help()};
    } catch (const CLI::ParseError& fault) {
      return refuse_options(fault);
    }
    return understand();
  }

 private:
  /// The first word is a command, and that of `backend` one of its own.
  std::optional<Said> refuse_commands(const std::vector<std::string>& words) {
    const std::string& first = words.front();
    if (asks_for_help(first)) {
      return std::nullopt;
    }
    if (is_option(first)) {
      return refuse_option_before_command(words, program_, "fairlead");
    }
    const CLI::App* command = find_command(program_, first);
    if (command == nullptr) {
      return unknown_command(program_, first, "fairlead help");
    }
    if (command_names(*command).empty() || (words.size() > 1 && asks_for_help(words[1]))) {
      return std::nullopt;
    }
    if (words.size() == 1) {
      return wrong(first + " needs list, add, remove or drain", "`fairlead help " + first + "` lists its commands");
    }
    if (is_option(words[1])) {
      return refuse_option_before_command({words.begin() + 1, words.end()}, *command, "fairlead " + first);
    }
    if (find_command(*command, words[1]) == nullptr) {
      return unknown_command(*command, words[1], "fairlead help " + first);
    }
    return std::nullopt;
  }

  static Said unknown_command(const CLI::App& parent, const std::string& word, const std::string& help) {
    const std::vector<std::string> names = command_names(parent);
    if (names.empty()) {
      return wrong(parent.get_name() + " has no commands of its own", "`" + help + "` tells what it takes");
    }
    std::string sentence = word.empty() ? "a command is missing" : "no command named " + word;
    const std::string nearest = question(word, names);
    sentence += nearest.empty() || word.empty() ? "; there are " + listed(names) : nearest;
    return wrong(sentence, "`" + help + "` lists the commands");
  }

  /// `words` begin with an option where a command of `parent` should be.
  static Said refuse_option_before_command(const std::vector<std::string>& words, const CLI::App& parent,
                                           const std::string& before) {
    const std::string option = words.front().substr(0, words.front().find('='));
    const auto command = std::ranges::find_if(words, [&](const std::string& word) {
      const CLI::App* found = find_command(parent, word);
      return found != nullptr && has_option(*found, option);
    });
    const std::string home = command == words.end() ? command_with(parent, option, before) : before + " " + *command;
    if (!home.empty()) {
      return wrong(option + " belongs behind its command: " + home + " " + option,
                   "`fairlead help` lists the commands");
    }
    return wrong(option + " isn't known, and a command comes first; there are " + listed(command_names(parent)),
                 "`fairlead help` lists the commands");
  }

  /// The command that was parsed, of `backend` its own.
  const CLI::App* parsed() {
    const CLI::App* command = &program_;
    while (!command->get_subcommands().empty()) {
      command = command->get_subcommands().front();
    }
    return command;
  }

  std::string name_of_parsed() {
    std::string name;
    for (const CLI::App* command = parsed(); command != &program_; command = command->get_parent()) {
      name.insert(0, name.empty() ? command->get_name() : command->get_name() + " ");
    }
    return name;
  }

  Said wrong_option(const std::string& sentence) {
    return wrong(sentence, "`fairlead help " + name_of_parsed() + "` lists its options");
  }

  Said refuse_options(const CLI::ParseError& fault) {
    const std::string said = fault.what();
    // "--config: 1 required FILE missing", "FILE is required", "Could not convert: --verbose = x"
    const std::size_t start = fault.get_name() == "ConversionError" ? std::min(said.find("--"), said.size()) : 0;
    const std::string subject = said.substr(start, said.find_first_of(": ", start) - start);
    if (const std::vector<std::string> unexpected = program_.remaining(true); !unexpected.empty()) {
      return refuse_unexpected(unexpected);
    }
    const CLI::Option* option = parsed()->get_option_no_throw(subject);
    if (option == nullptr) {
      return wrong_option(said);
    }
    if (fault.get_name() == "RequiredError") {
      const std::string value = subject.starts_with('-') ? " " + option->get_type_name() : "";
      return wrong_option(subject + value + " is missing");
    }
    if (option->get_expected_min() == 0) {
      return wrong_option(subject + " takes no value");
    }
    const bool has_value = said.find("missing") == std::string::npos;
    return wrong_option(has_value ? subject + " is here more than once; keep one of them"
                                  : subject + " needs a value: " + subject + " " + option->get_type_name());
  }

  /// Words that the command doesn't take; an option with the one that was perhaps meant.
  Said refuse_unexpected(const std::vector<std::string>& words) {
    const auto option = std::ranges::find_if(words, is_option);
    const std::string word = option == words.end() ? words.front() : option->substr(0, option->find('='));
    std::vector<std::string> names;
    for (const CLI::Option* each : parsed()->get_options()) {
      if (!each->get_lnames().empty()) {
        names.push_back("--" + each->get_lnames().front());
      }
    }
    return wrong_option(word + " isn't expected here" + (is_option(word) ? question(word, names) : std::string()));
  }

  std::variant<Call, Said> understand() {
    if (program_.got_subcommand("version")) {
      return Said{0, "fairlead " + std::string(version) + "\n"};
    }
    if (program_.got_subcommand("help")) {
      return help();
    }
    for (auto take : {&CommandLine::take_origin, &CommandLine::take_demo, &CommandLine::take_backend}) {
      if (const std::string fault = (this->*take)(); !fault.empty()) {
        return wrong_option(fault);
      }
    }
    options_.call.command = command();
    return options_.call;
  }

  Command command() {
    constexpr std::pair<const char*, Command> commands[] = {
        {"run", Command::run},     {"check", Command::check},   {"demo-backend", Command::demo_backend},
        {"list", Command::list},   {"add", Command::add},       {"remove", Command::remove},
        {"drain", Command::drain}, {"status", Command::status}, {"top", Command::top}};
    const std::string& name = parsed()->get_name();
    const auto* const found = std::ranges::find_if(commands, [&name](const auto& each) { return each.first == name; });
    return found->second;
  }

  // Each gives what is wrong with the options that it understands; empty: nothing.

  std::string take_origin() {
    for (const char* name : {"--config", "FILE"}) {
      const CLI::Option* option = parsed()->get_option_no_throw(name);
      if (option != nullptr && option->count() > 0 && options_.call.run.origin.file.empty()) {
        return std::string(name) + " is empty; give a file's path";
      }
    }
    return {};
  }

  std::string take_demo() {
    if (parsed()->get_name() != "demo-backend") {
      return {};
    }
    const std::optional<std::uint64_t> port = parse_whole(options_.port);
    if (!port || *port > port_max) {
      return "--port " + options_.port + " isn't a port; use a number from 0 (any free one) to 65535";
    }
    const std::optional<std::chrono::milliseconds> delay = parse_duration(options_.delay);
    if (!delay) {
      return "--delay " + options_.delay + " isn't a duration; use 250ms, 5s or 1m";
    }
    options_.call.demo_port = static_cast<std::uint16_t>(*port);
    options_.call.demo_delay = *delay;
    return {};
  }

  std::string take_backend() {
    if (!options_.weight.empty()) {
      const std::optional<std::uint64_t> weight = parse_whole(options_.weight);
      if (!weight || *weight == 0 || *weight > balance::weight_max) {
        return "--weight " + options_.weight + " isn't a weight; use a whole number from 1 to 1000";
      }
      options_.call.backend.weight = static_cast<std::uint32_t>(*weight);
    }
    const std::string& admin = options_.call.backend.admin.address;
    if (const std::size_t scheme = admin.find("://"); scheme != std::string::npos) {
      return "--admin " + admin + " is a URL; write HOST:PORT alone: " + admin.substr(scheme + 3);
    }
    const std::size_t colon = admin.rfind(':');
    const std::optional<std::uint64_t> port =
        colon == std::string::npos ? std::nullopt : parse_whole(std::string_view(admin).substr(colon + 1));
    if (colon == 0 || !port || *port == 0 || *port > port_max) {
      return "--admin " + admin + " isn't a host and a port; write HOST:PORT with a port from 1 to 65535";
    }
    return {};
  }

  Said help() {
    if (options_.help_topic.empty()) {
      return {0, general_help_};
    }
    const CLI::App* command = &program_;
    std::string before;
    std::string asked = "fairlead help";
    for (const std::string& word : options_.help_topic) {
      const CLI::App* found = find_command(*command, word);
      if (found == nullptr) {
        return unknown_command(*command, word, asked);
      }
      before += (before.empty() ? "" : " ") + command->get_name();
      asked += " " + word;
      command = found;
    }
    return {0, command->help(before)};
  }

  CLI::App program_{"fairlead balances HTTP over backends; its instances act as one.", "fairlead"};
  Options options_;
  std::string general_help_;
};

}  // namespace

std::variant<Call, Said> read_command_line(const std::vector<std::string>& words) {
  return CommandLine().read(words);
}

}  // namespace fairlead::app
