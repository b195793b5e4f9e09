// A stream of ours and the scripted far end that it is connected to: what a test of one unit of proxy/ starts with.
// Thread rule: the test's thread. Lifetime: the simulation outlives it; no task waits on the stream when it ends.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "io/stream.hpp"
#include "io/task_scope.hpp"
#include "support/simulation.hpp"

namespace fairlead::testing {

class ProxyLink {
 public:
  ProxyLink(Simulation& world, Side side, std::uint16_t port) : stream(world.loop(), side) {
    io::Address at = *io::Address::from_ip("127.0.0.1", port);
    world.engine().serve(at, [this](Peer& connected) { far_ = &connected; });
    EXPECT_TRUE(stream.open(at));
    io::TaskScope scope;
    scope.spawn(connect(at, world.now() + std::chrono::seconds(1)));
    world.settle();
    EXPECT_NE(far_, nullptr);
  }
  ProxyLink(const ProxyLink&) = delete;
  ProxyLink& operator=(const ProxyLink&) = delete;
  ~ProxyLink() = default;

  Peer& far() { return *far_; }

  io::PlainStream stream;

 private:
  io::Task<> connect(io::Address& at, io::TimePoint deadline) {
    const Result<std::size_t> connected = co_await stream.connect(at, deadline);
    EXPECT_TRUE(connected);
  }

  Peer* far_ = nullptr;
};

}  // namespace fairlead::testing
