// Which engine the workers' loops run on: decided at start, by the configuration and by what the kernel allows, and
// said. The control loop and the demo backend have a handful of sockets and stay on epoll. Used by Server.
// Thread rule: one thread makes all engines; each is then its loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "control/config.hpp"
#include "io/uring_engine.hpp"

namespace fairlead::app {

enum class EngineKind : std::uint8_t { epoll, io_uring };

struct EngineDecision {
  EngineKind kind = EngineKind::epoll;
  std::optional<std::string> fault;  ///< one sentence: what was asked for can't be
  std::string note;                  ///< why it isn't the faster one; may be empty
};

/// `uring` is what a trial gave.
EngineDecision decide_engine(control::EngineChoice choice, const io::UringEngine::Failure& uring);

class Engines {
 public:
  Engines(control::EngineChoice choice, const Log& log);

  [[nodiscard]] const std::optional<std::string>& fault() const { return decision_.fault; }
  /// As the configuration names it.
  [[nodiscard]] std::string_view name() const;
  /// Null when the kernel has no more to give; fault() says what. With `auto`, epoll where one more ring is refused.
  std::unique_ptr<io::Engine> make();

 private:
  void say_epoll_serves() const;

  const Log& log_;
  bool is_automatic_;
  EngineDecision decision_;
};

}  // namespace fairlead::app
