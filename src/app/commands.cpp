#include "app/commands.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <thread>

#include "app/demo_backend.hpp"
#include "app/secret_file.hpp"
#include "app/server.hpp"
#include "app/signals.hpp"
#include "app/spdlog_sink.hpp"
#include "app/version.hpp"
#include "control/config_notes.hpp"
#include "control/config_override.hpp"
#include "control/config_parser.hpp"
#include "fleet/state_url.hpp"

namespace fairlead::app {
namespace {

constexpr std::size_t config_bytes_max = 1 << 20;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::nullopt;
  }
  std::string text(config_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

struct Loaded {
  control::Config config;
  std::vector<std::string> faults;  ///< a line each, fit to be shown
};

Loaded load(const RunOptions& options) {
  Loaded loaded;
  std::vector<control::Problem> problems;
  if (options.config_file.empty()) {
    const char* state = std::getenv("FAIRLEAD_STATE");
    loaded.config = control::default_config();
    if (state != nullptr && *state != '\0') {
      loaded.config.state.url = state;
      if (const Result<fleet::StateUrl> url = fleet::parse_state_url(state); !url) {
        loaded.faults.push_back("FAIRLEAD_STATE: " + std::string(url.error().detail) +
                                "; use memory:// or redis://HOST:PORT");
        return loaded;
      }
    }
  } else if (const std::optional<std::string> text = read_file(options.config_file)) {
    control::ParsedConfig parsed = control::parse_config(*text, options.config_file);
    loaded.config = std::move(parsed.config);
    problems = std::move(parsed.problems);
  } else {
    loaded.faults.push_back(options.config_file + ": can't be read; give the path of a readable file");
    return loaded;
  }
  if (problems.empty()) {
    problems = control::apply_overrides(loaded.config, options.overrides);
  }
  for (const control::Problem& problem : problems) {
    loaded.faults.push_back(control::format_problem(problem));
  }
  return loaded;
}

/// For an instance that is to run with it.
Loaded load_to_run(const RunOptions& options) {
  Loaded loaded = load(options);
  if (loaded.faults.empty() && !loaded.config.admin_token_file.empty()) {
    auto secret = read_secret(loaded.config.admin_token_file);
    if (const auto* fault = std::get_if<SecretFault>(&secret)) {
      loaded.faults.push_back("admin.token_file: " + fault->text);
    } else {
      loaded.config.admin_token = std::get<std::string>(std::move(secret));
    }
  }
  return loaded;
}

std::optional<control::Config> reload(const RunOptions& options, const Log& log) {
  Loaded loaded = load_to_run(options);
  if (loaded.faults.empty()) {
    return std::move(loaded.config);
  }
  for (const std::string& fault : loaded.faults) {
    log.error("configuration refused, the old one stays", {{"fault", fault}});
  }
  return std::nullopt;
}

/// Serves signals until the drain is over.
void serve_signals(Signals& signals, Server& server) {
  bool draining = false;
  while (true) {
    const int signal = signals.wait();
    if (signal == Signals::ended) {
      return;
    }
    if (signal == SIGHUP) {
      server.reload();
    } else if (!draining) {
      draining = true;
      server.drain();
    } else {
      server.abort();  // asked a second time: now
    }
  }
}

}  // namespace

int run(const RunOptions& options) {
  Signals signals;
  Loaded loaded = load_to_run(options);
  if (!loaded.faults.empty()) {
    for (const std::string& fault : loaded.faults) {
      std::cerr << fault << '\n';
    }
    return 1;
  }
  SpdlogSink sink;
  const Log log(sink, options.verbose ? LogLevel::debug : LogLevel::info);
  for (const std::string& note : control::notes_of(loaded.config)) {
    log.warn("configuration note", {{"note", note}});
  }
  Server server(std::move(loaded.config), log, [&] { return reload(options, log); }, [&] { signals.end(); });
  if (const std::optional<std::string> failure = server.start()) {
    std::cerr << "fairlead: " << *failure << '\n';
    return 1;
  }
  serve_signals(signals, server);
  return 0;
}

int check(const std::string& file) {
  RunOptions options;
  options.config_file = file;
  const Loaded loaded = load(options);
  for (const std::string& fault : loaded.faults) {
    std::cerr << fault << '\n';
  }
  if (!loaded.faults.empty()) {
    return 1;
  }
  for (const std::string& note : control::notes_of(loaded.config)) {
    std::cout << file << ": note: " << note << '\n';
  }
  std::cout << file << ": no faults\n";
  return 0;
}

int demo_backend(std::uint16_t port, std::chrono::milliseconds delay) {
  Signals signals;
  SpdlogSink sink;
  const Log log(sink);
  io::EpollEngine engine;
  io::EventLoop loop(engine);
  DemoBackend backend(loop, log, delay);
  std::optional<io::Address> address = io::Address::from_ip("127.0.0.1", port);
  if (const Result<void> free = io::Listener::probe(*address); !free) {
    std::cerr << "fairlead: can't listen on " << address->text() << ": " << free.error().detail << '\n';
    return 1;
  }
  if (const Result<void> opened = backend.listen(*address); !opened) {
    std::cerr << "fairlead: can't listen on " << address->text() << ": " << opened.error().detail << '\n';
    return 1;
  }
  std::cout << "demo backend on http://" << address->text() << '\n' << std::flush;
  std::thread serving([&] { loop.run(); });
  while (signals.wait() == SIGHUP) {
  }
  loop.post([&] { backend.stop(); });
  serving.join();
  return 0;
}

int print_version() {
  std::cout << "fairlead " << version << '\n';
  return 0;
}

}  // namespace fairlead::app
