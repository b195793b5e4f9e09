// A loop with all that a connection to a test's redis-server needs, on real sockets; and the wait for something to come
// true that a real server makes unavoidable: bounded, and never a fixed time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "core/metrics/registry.hpp"
#include "fleet/state_metrics.hpp"
#include "io/epoll_engine.hpp"
#include "io/event_loop.hpp"
#include "io/resolver.hpp"
#include "io/task_scope.hpp"

namespace fairlead::test {

class LinesSink final : public LogSink {
 public:
  void write(LogLevel, std::string_view line) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.emplace_back(line);
  }
  /// How many lines have that in them.
  [[nodiscard]] std::size_t count(std::string_view text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::size_t found = 0;
    for (const std::string& line : lines_) {
      found += line.find(text) == std::string::npos ? 0 : 1;
    }
    return found;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class RedisLoop {
 public:
  RedisLoop() : loop(engine), resolver(loop, thread), families(fleet::add_state_families(registry, status)) {}

  /// Runs turns until it holds; false: not within 10 s.
  bool until(const std::function<bool()>& holds) {
    const io::TimePoint end = loop.exact_now() + std::chrono::seconds(10);
    while (!holds()) {
      if (loop.exact_now() > end) {
        return false;
      }
      loop.run_once(loop.exact_now() + std::chrono::milliseconds(10));
    }
    return true;
  }
  /// Runs the task to its end.
  void finish(io::Task<> task) {
    io::TaskScope scope;
    scope.spawn(std::move(task));
    EXPECT_TRUE(until([&scope] { return scope.running() == 0; }));
  }

  io::EpollEngine engine;
  io::EventLoop loop;
  io::ResolverThread thread;
  io::Resolver resolver;
  fleet::StateStatus status;
  metrics::Registry registry;
  fleet::StateFamilies families;
  fleet::StateMetrics metrics{registry.add_shard(), families};
  LinesSink lines;
  Log log{lines, LogLevel::debug};
};

}  // namespace fairlead::test
