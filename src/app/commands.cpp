#include "app/commands.hpp"

#include <cstdlib>
#include <iostream>
#include <optional>
#include <thread>

#include "app/demo_backend.hpp"
#include "app/listen_failure.hpp"
#include "app/loaded_config.hpp"
#include "app/server.hpp"
#include "app/signals.hpp"
#include "app/spdlog_sink.hpp"

namespace fairlead::app {
namespace {

void log_notes(const LoadedConfig& loaded, const Log& log) {
  for (const control::Problem& note : loaded.notes) {
    log.warn("configuration note", {{"note", control::format_problem(note)}});
  }
}

std::optional<control::Config> reload(const ConfigOrigin& origin, const Log& log) {
  LoadedConfig loaded = load_config(origin);
  if (loaded.faults.empty()) {
    log_notes(loaded, log);
    return std::move(loaded.config);
  }
  for (const std::string& fault : loaded.faults) {
    log.error("configuration refused, the old one stays", {{"fault", fault}});
  }
  return std::nullopt;
}

/// True: there are some, on stderr now.
bool say_faults(const LoadedConfig& loaded) {
  for (const std::string& fault : loaded.faults) {
    std::cerr << fault << '\n';
  }
  return !loaded.faults.empty();
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
  const char* state = std::getenv("FAIRLEAD_STATE");
  ConfigOrigin origin = options.origin;
  origin.environment_state = state == nullptr ? "" : state;
  LoadedConfig loaded = load_config(origin);
  if (say_faults(loaded)) {
    return 1;
  }
  SpdlogSink sink;
  const Log log(sink, options.verbose ? LogLevel::debug : LogLevel::info);
  log_notes(loaded, log);
  Server server(std::move(loaded.config), log, [&] { return reload(origin, log); }, [&] { signals.end(); });
  if (const std::optional<std::string> failure = server.start()) {
    std::cerr << "fairlead: " << *failure << '\n';
    return 1;
  }
  serve_signals(signals, server);
  return 0;
}

int check(const ConfigOrigin& origin) {
  const LoadedConfig loaded = load_config(origin);
  if (say_faults(loaded)) {
    return 1;
  }
  for (control::Problem note : loaded.notes) {
    note.text.insert(0, "note: ");
    std::cout << control::format_problem(note) << '\n';
  }
  std::cout << origin.file << ": no faults\n";
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
    std::cerr << "fairlead: " << cannot_listen("--port N", *address, free.error()) << '\n';
    return 1;
  }
  if (const Result<void> opened = backend.listen(*address); !opened) {
    std::cerr << "fairlead: " << cannot_listen("--port N", *address, opened.error()) << '\n';
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

}  // namespace fairlead::app
