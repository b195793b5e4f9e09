#include "app/engines.hpp"

#include <cstring>

#include "io/epoll_engine.hpp"

namespace fairlead::app {
namespace {

std::string reason_of(const io::UringEngine::Failure& failure) {
  return std::string(failure.step) + ": " + std::strerror(failure.error_number);
}

}  // namespace

EngineDecision decide_engine(control::EngineChoice choice, const io::UringEngine::Failure& uring) {
  EngineDecision decision;
  if (choice == control::EngineChoice::epoll) {
    return decision;
  }
  if (!uring) {
    decision.kind = EngineKind::io_uring;
  } else if (choice == control::EngineChoice::io_uring) {
    decision.fault = "the kernel refuses io_uring (" + reason_of(uring) +
                     "); allow it (Linux 6.1, kernel.io_uring_disabled=0, no seccomp filter) or set engine: epoll";
  } else {
    decision.note = reason_of(uring);
  }
  return decision;
}

Engines::Engines(control::EngineChoice choice, const Log& log)
    : log_(log),
      is_automatic_(choice == control::EngineChoice::automatic),
      decision_(decide_engine(
          choice, choice == control::EngineChoice::epoll ? io::UringEngine::Failure{} : io::UringEngine().failure())) {
  if (!decision_.note.empty()) {
    say_epoll_serves();
  }
}

void Engines::say_epoll_serves() const {
  log_.info("io_uring isn't allowed here, epoll serves", {{"reason", decision_.note}});
}

std::string_view Engines::name() const {
  return decision_.kind == EngineKind::io_uring ? "io_uring" : "epoll";
}

std::unique_ptr<io::Engine> Engines::make() {
  if (decision_.kind == EngineKind::io_uring) {
    auto engine = std::make_unique<io::UringEngine>();
    if (!engine->failure()) {
      return engine;
    }
    if (!is_automatic_) {
      decision_.fault = "the kernel gives no event loop: " + reason_of(engine->failure());
      return nullptr;
    }
    decision_ = {.kind = EngineKind::epoll, .fault = std::nullopt, .note = reason_of(engine->failure())};
    say_epoll_serves();
  }
  auto engine = std::make_unique<io::EpollEngine>();
  if (engine->failure() == 0) {
    return engine;
  }
  decision_.fault = std::string("the kernel gives no event loop: ") + std::strerror(engine->failure());
  return nullptr;
}

}  // namespace fairlead::app
