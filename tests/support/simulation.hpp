// A loop on a SimulatedEngine, and the ways to move it on. What most tests of proxy/ and io/ start with:
//   Simulation world;
//   Peer& client = world.engine().connect(address);
//   client.send("GET / HTTP/1.1\r\n\r\n");
//   ASSERT_TRUE(world.run_until([&] { return client.received().ends_with("hello"); }));
// Thread rule: the thread that made it. Lifetime: what runs on the loop must have ended before the simulation does.
#pragma once

#include <functional>
#include <memory>

#include "io/event_loop.hpp"
#include "support/simulated_engine.hpp"

namespace fairlead::testing {

class Simulation {
 public:
  /// Puts an engine of the test's own between the loop and the simulated one.
  using Wrap = std::function<std::unique_ptr<io::Engine>(SimulatedEngine&)>;

  Simulation() = default;
  explicit Simulation(const Wrap& wrap) : wrapping_(wrap ? wrap(engine_) : nullptr) {}
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  SimulatedEngine& engine() { return engine_; }
  io::EventLoop& loop() { return loop_; }
  io::TimePoint now() { return engine_.now(); }

  /// Runs turns until `condition` holds; false when it doesn't within `limit` of virtual time or turns_max turns.
  bool run_until(const std::function<bool()>& condition, io::Clock::duration limit = std::chrono::minutes(10));
  /// Moves virtual time on by exactly `duration`, and through all that is due in it.
  void run_for(io::Clock::duration duration);
  /// Runs until nothing more happens without time moving on.
  void settle();

  static constexpr int turns_max = 200'000;

 private:
  SimulatedEngine engine_;
  std::unique_ptr<io::Engine> wrapping_;
  io::EventLoop loop_{wrapping_ ? *wrapping_ : static_cast<io::Engine&>(engine_)};
};

}  // namespace fairlead::testing
