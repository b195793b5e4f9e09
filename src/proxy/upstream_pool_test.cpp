#include "proxy/upstream_pool.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

#include "proxy/proxy_metrics.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Peer;

using Made = std::optional<Result<std::unique_ptr<UpstreamConnection>>>;

class UpstreamPoolTest : public ::testing::Test {
 protected:
  io::Task<> connect(const balance::Backend& backend, io::TimePoint deadline) {
    made = co_await pool->connect(backend, deadline);
  }
  void begin(const balance::Backend& backend, io::Clock::duration patience = seconds(1)) {
    made.reset();
    scope.spawn(connect(backend, world.now() + patience));
    world.settle();
  }
  std::unique_ptr<UpstreamConnection> open() {
    begin(numbered);
    EXPECT_TRUE(made.has_value() && made->has_value());
    return std::move(**made);
  }
  UpstreamBackend& record() { return pool->backend("default", numbered); }
  void leave_idle(std::size_t connections) {
    for (std::size_t i = 0; i < connections; ++i) {
      pool->give_back(record(), open());
    }
  }
  void TearDown() override {
    ASSERT_EQ(scope.running(), 0U);
    made.reset();
    pool.reset();
    EXPECT_EQ(world.engine().open_sockets(), 0U);
  }

  testing::Simulation world;
  metrics::Registry registry;
  ProxyFamilies families{registry};
  ProxyMetrics metrics{families, registry.add_shard()};
  io::ResolverThread resolver_thread{[](const std::string& host) {
    return host == "two.test" ? io::Addresses{*io::Address::from_ip("127.0.0.1", 0), *io::Address::from_ip("::1", 0)}
                              : io::Addresses{};
  }};
  io::Resolver resolver{world.loop(), resolver_thread};
  std::optional<UpstreamPool> pool{std::in_place, world.loop(), resolver, metrics};
  testing::ScriptedBackend far{world, 7000};
  balance::Backend numbered{.url = far.url, .host = "127.0.0.1", .port = 7000, .weight = 1, .activity = nullptr};
  balance::Backend named{
      .url = "http://two.test:7000", .host = "two.test", .port = 7000, .weight = 1, .activity = nullptr};
  Made made;
  io::TaskScope scope;
};

TEST_F(UpstreamPoolTest, ANewConnectionReachesTheBackend) {
  const auto connection = open();
  EXPECT_EQ(far.connections.size(), 1U);
  EXPECT_FALSE(connection->reused);
}

TEST_F(UpstreamPoolTest, NothingIsIdleAtFirst) {
  EXPECT_EQ(pool->take_idle(record()), nullptr);
}

TEST_F(UpstreamPoolTest, TheMostRecentIsReusedFirst) {
  auto first = open();
  auto second = open();
  UpstreamConnection* const recent = second.get();
  pool->give_back(record(), std::move(first));
  pool->give_back(record(), std::move(second));
  const auto taken = pool->take_idle(record());
  EXPECT_EQ(taken.get(), recent);
  EXPECT_TRUE(taken->reused);
}

TEST_F(UpstreamPoolTest, AnIdleConnectionHoldsNoBuffer) {
  auto connection = open();
  connection->buffer = world.loop().buffers().take();
  pool->give_back(record(), std::move(connection));
  EXPECT_FALSE(record().idle.back()->buffer.has_memory());
}

TEST_F(UpstreamPoolTest, NoMoreThanItsShareStaysIdleAndTheOldestGo) {
  leave_idle(UpstreamPool::idle_max + 2);
  world.run_for(UpstreamPool::surplus_for + UpstreamPool::sweep_every);
  EXPECT_EQ(record().idle.size(), UpstreamPool::idle_max);
  world.settle();
  EXPECT_TRUE(far.connections[0]->saw_close());
  EXPECT_TRUE(far.connections[1]->saw_close());
  EXPECT_FALSE(far.connections[2]->saw_close());
}

TEST_F(UpstreamPoolTest, WhatABurstLeavesIsThereForTheNextRequests) {
  leave_idle(UpstreamPool::idle_max + 20);
  std::vector<std::unique_ptr<UpstreamConnection>> taken;
  for (std::size_t i = 0; i < UpstreamPool::idle_max + 20; ++i) {
    taken.push_back(pool->take_idle(record()));
    EXPECT_NE(taken.back(), nullptr);
  }
}

TEST_F(UpstreamPoolTest, EvenForAMomentThereIsAMaximum) {
  leave_idle(UpstreamPool::surplus_max);
  EXPECT_EQ(record().idle.size(), UpstreamPool::surplus_max);
  leave_idle(1);
  EXPECT_EQ(record().idle.size(), UpstreamPool::surplus_max);
  world.settle();
  EXPECT_TRUE(far.connections[0]->saw_close());
  EXPECT_FALSE(far.connections[1]->saw_close());
}

TEST_F(UpstreamPoolTest, AConnectionThatTheBackendEndedIsntUsed) {
  auto connection = open();
  pool->give_back(record(), std::move(connection));
  far.last().end();
  world.settle();
  EXPECT_EQ(pool->take_idle(record()), nullptr);
  world.settle();
  EXPECT_TRUE(far.last().saw_close());
}

TEST_F(UpstreamPoolTest, AConnectionOnWhichBytesCameUnaskedIsntUsed) {
  auto older = open();
  auto newer = open();
  UpstreamConnection* const quiet = older.get();
  pool->give_back(record(), std::move(older));
  pool->give_back(record(), std::move(newer));
  far.last().send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  world.settle();
  EXPECT_EQ(pool->take_idle(record()).get(), quiet);
  EXPECT_TRUE(record().idle.empty());
}

TEST_F(UpstreamPoolTest, TheSweepClosesWhatTheBackendEnded) {
  auto connection = open();
  pool->give_back(record(), std::move(connection));
  far.last().end();
  world.run_for(milliseconds(1'100));
  EXPECT_TRUE(record().idle.empty());
  EXPECT_TRUE(far.last().saw_close());
}

TEST_F(UpstreamPoolTest, TheSweepClosesWhatLayIdleForTooLong) {
  auto connection = open();
  pool->give_back(record(), std::move(connection));
  world.run_for(UpstreamPool::idle_for - seconds(1));
  EXPECT_EQ(record().idle.size(), 1U);
  world.run_for(seconds(3));
  EXPECT_TRUE(record().idle.empty());
}

TEST_F(UpstreamPoolTest, ABackendThatNobodyUsesIsForgotten) {
  UpstreamBackend* const before = &record();
  UpstreamCells* const cells = before->cells;
  EXPECT_NE(cells, nullptr);
  world.run_for(UpstreamPool::backend_kept_for + seconds(2));
  record().users = 7;
  EXPECT_EQ(record().users, 7U);
  record().users = 0;
}

TEST_F(UpstreamPoolTest, ABackendInUseIsKept) {
  UpstreamBackend& before = record();
  ++before.users;
  world.run_for(UpstreamPool::backend_kept_for + minutes(5));
  EXPECT_EQ(&record(), &before);
  EXPECT_EQ(before.users, 1U);
  --before.users;
}

TEST_F(UpstreamPoolTest, PoolsWithTheSameBackendKeepTheirOwnConnections) {
  auto connection = open();
  pool->give_back(pool->backend("blue", numbered), std::move(connection));
  EXPECT_EQ(pool->take_idle(record()), nullptr);
  EXPECT_NE(pool->take_idle(pool->backend("blue", numbered)), nullptr);
}

TEST_F(UpstreamPoolTest, AStrangerAtThePlaceOfAnotherHasItsOwnRecord) {
  numbered.is_stranger = true;
  UpstreamBackend& before = pool->backend("pool", numbered);
  numbered.url = "http://127.0.0.1:7001";
  EXPECT_NE(&pool->backend("pool", numbered), &before);
  numbered.url = far.url;
  EXPECT_EQ(&pool->backend("pool", numbered), &before);
}

TEST_F(UpstreamPoolTest, ABackendAtThePlaceOfOneOfAnOlderSnapshotHasItsOwnRecord) {
  UpstreamBackend& before = pool->backend("pool", numbered);
  numbered.url = "http://127.0.0.1:7001";
  pool->adopt(2);
  UpstreamBackend& behind = pool->backend("pool", numbered);
  EXPECT_NE(&behind, &before);
  numbered.url = far.url;
  pool->adopt(2);
  EXPECT_EQ(&pool->backend("pool", numbered), &before);
}

TEST_F(UpstreamPoolTest, CloseIdleClosesAll) {
  auto connection = open();
  pool->give_back(record(), std::move(connection));
  pool->close_idle();
  world.settle();
  EXPECT_TRUE(far.last().saw_close());
  EXPECT_TRUE(record().idle.empty());
}

TEST_F(UpstreamPoolTest, ARefusedConnectSaysSo) {
  far.refuse();
  begin(numbered);
  EXPECT_EQ(made->error().kind, ErrorKind::refused);
  EXPECT_EQ(made->error().side, Side::upstream);
}

TEST_F(UpstreamPoolTest, AConnectEndsAtItsDeadline) {
  world.engine().never_answer(far.address);
  begin(numbered, seconds(1));
  world.run_for(milliseconds(900));
  EXPECT_FALSE(made.has_value());
  world.run_for(milliseconds(200));
  EXPECT_EQ(made->error().kind, ErrorKind::timed_out);
}

TEST_F(UpstreamPoolTest, ALackOfDescriptorsSaysSo) {
  world.engine().fail_opens(EMFILE, 1);
  begin(numbered);
  EXPECT_EQ(made->error().kind, ErrorKind::exhausted);
}

TEST_F(UpstreamPoolTest, IdleConnectionsMakeRoomWhereDescriptorsLack) {
  leave_idle(2);
  world.engine().fail_opens(EMFILE, 1);
  begin(numbered);
  EXPECT_TRUE(made->has_value());
  EXPECT_TRUE(record().idle.empty());
}

/// Answers of the resolver's thread come when they come: turns without moving time on.
#define AWAIT_MADE()           \
  while (!made.has_value()) {  \
    world.settle();            \
    std::this_thread::yield(); \
  }

TEST_F(UpstreamPoolTest, TheAddressesOfANameAreTriedInOrder) {
  far.refuse();
  std::size_t reached = 0;
  world.engine().serve(*io::Address::from_ip("::1", 7000), [&](Peer&) { ++reached; });
  begin(named);
  AWAIT_MADE();
  EXPECT_TRUE(made->has_value());
  EXPECT_EQ(reached, 1U);
}

TEST_F(UpstreamPoolTest, TheFirstAddressThatAnswersIsTaken) {
  begin(named);
  AWAIT_MADE();
  EXPECT_TRUE(made->has_value());
  EXPECT_EQ(far.connections.size(), 1U);
}

TEST_F(UpstreamPoolTest, AllAddressesOfANameShareTheDeadline) {
  world.engine().never_answer(far.address);
  world.engine().never_answer(*io::Address::from_ip("::1", 7000));
  begin(named, seconds(1));
  // The name's answer has no virtual time: only then does the connect begin.
  while (world.engine().open_sockets() == 0) {
    world.settle();
    std::this_thread::yield();
  }
  world.run_for(milliseconds(1'100));
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->error().kind, ErrorKind::timed_out);
}

TEST_F(UpstreamPoolTest, ANameWithoutAddressSaysSo) {
  named.host = "none.test";
  begin(named);
  AWAIT_MADE();
  EXPECT_EQ(made->error().kind, ErrorKind::unresolved);
}

}  // namespace
}  // namespace fairlead::proxy
