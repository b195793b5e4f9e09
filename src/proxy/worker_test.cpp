#include "proxy/worker.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::body_of;
using testing::get;
using testing::ok;
using testing::Peer;
using testing::ProxyBed;
using testing::status_of;

TEST(Worker, ListensOnTwoAddresses) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  io::Address second = *io::Address::from_ip("127.0.0.1", 0);
  ASSERT_TRUE(bed.worker().listen(second));
  EXPECT_NE(second.port(), 0);
  bed.worker().start();
  EXPECT_EQ(status_of(bed.ask(bed.world.engine().connect(second), get("/"))), 200);
  EXPECT_EQ(status_of(bed.once(get("/"))), 200);
}

TEST(Worker, SaysWhenAnAddressIsTaken) {
  ProxyBed bed;
  io::Address taken = *io::Address::from_ip("127.0.0.1", 5001);
  bed.world.engine().take_port(taken);
  EXPECT_FALSE(bed.worker().listen(taken));
}

TEST(Worker, CountsItsConnections) {
  ProxyBed bed;
  Peer& one = bed.connect();
  bed.connect();
  bed.world.settle();
  EXPECT_EQ(bed.metrics.sum("fairlead_downstream_connections"), 2);
  one.end();
  bed.world.settle();
  EXPECT_EQ(bed.metrics.sum("fairlead_downstream_connections"), 1);
}

TEST(Worker, ServesTheNextRequestByTheNextSnapshot) {
  ProxyBed bed;
  bed.backend(0).answer = ok("old");
  Peer& client = bed.connect();
  EXPECT_EQ(body_of(bed.ask(client, get("/"))), "old");
  bed.plan.urls.clear();
  bed.worker().adopt(bed.plan.build());
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 503);
}

TEST(Worker, ARequestUnderWayKeepsItsSnapshot) {
  ProxyBed bed(2);
  Peer& client = bed.begin(get("/"));
  std::weak_ptr<const routing::Snapshot> old;
  {
    bed.plan.urls.erase(bed.plan.urls.begin());
    bed.plan.timeouts.first_byte = seconds(1);
    const auto next = bed.plan.build();
    bed.worker().adopt(next);
    bed.worker().adopt(bed.plan.build());
    old = next;
  }
  EXPECT_TRUE(old.expired());  // nobody was served by it
  bed.world.run_for(seconds(2));
  EXPECT_EQ(client.received(), "");
  bed.backend(0).last().send(ok("still"));
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "still");
  bed.expect_nothing_in_flight();
}

TEST(Worker, AnOldSnapshotGoesWithItsLastRequest) {
  ProxyBed bed(2);
  auto first = bed.plan.build();
  std::weak_ptr<const routing::Snapshot> watched = first;
  bed.worker().adopt(std::move(first));
  bed.begin(get("/"));
  bed.worker().adopt(bed.plan.build());
  EXPECT_FALSE(watched.expired());
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_TRUE(watched.expired());
}

TEST(Worker, ARetryAfterAReloadStaysWithinItsSnapshot) {
  ProxyBed bed(2);
  bed.world.engine().never_answer(bed.backend(0).address);
  bed.backend(1).answer = ok("two");
  Peer& client = bed.begin(get("/"));
  bed.plan.urls.clear();
  bed.worker().adopt(bed.plan.build());
  bed.world.run_for(seconds(2));
  EXPECT_EQ(body_of(client.received()), "two");
}

TEST(Worker, CountsWhatItRefusesBeforeARoute) {
  ProxyBed bed;
  EXPECT_EQ(status_of(bed.once("nonsense\r\n\r\n")), 400);
  EXPECT_EQ(bed.metrics.value("fairlead_client_rejects_total", {"malformed"}), 1);
  EXPECT_EQ(bed.requests("_other", "_none", "400"), 1);
}

TEST(Worker, AtItsLimitNewClientsWait) {
  ProxyBed bed(1, {}, 2);
  bed.backend(0).answer = ok("x");
  Peer& one = bed.connect();
  Peer& two = bed.connect();
  bed.world.settle();
  Peer& three = bed.begin(get("/"));
  EXPECT_TRUE(two.is_connected());
  EXPECT_FALSE(three.is_connected());
  EXPECT_TRUE(bed.lines.has("its new clients wait"));
  one.end();
  bed.world.settle();
  EXPECT_EQ(status_of(three.received()), 200);
}

TEST(Worker, SaysItsLimitOnceInAWhile) {
  ProxyBed bed(1, {}, 1);
  for (int i = 0; i < 5; ++i) {
    Peer& client = bed.connect();
    bed.world.settle();
    client.end();
    bed.world.settle();
  }
  EXPECT_EQ(bed.lines.lines.size(), 1U);
  bed.world.run_for(seconds(11));
  bed.connect();
  bed.world.settle();
  EXPECT_EQ(bed.lines.lines.size(), 2U);
}

TEST(Worker, AtItsLimitItServesWhoIsThere) {
  ProxyBed bed(1, {}, 1);
  bed.backend(0).answer = ok("x");
  Peer& client = bed.connect();
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 200);
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 200);
}

TEST(Worker, DrainRefusesNewClientsAndEndsIdleOnes) {
  ProxyBed bed;
  Peer& idle = bed.connect();
  bed.world.settle();
  bed.drain(bed.world.now() + seconds(30));
  bed.world.settle();
  EXPECT_TRUE(idle.saw_close());
  EXPECT_TRUE(bed.connect().is_refused());
  EXPECT_TRUE(bed.drained);
}

TEST(Worker, DrainWaitsForRequestsUnderWay) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.drain(bed.world.now() + seconds(30));
  bed.world.run_for(seconds(5));
  EXPECT_FALSE(bed.drained);
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "x");
  EXPECT_TRUE(testing::has_line(client.received(), "Connection: close"));
  EXPECT_TRUE(bed.drained);
}

TEST(Worker, DrainEndsWhatIsLeftAtItsDeadline) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.drain(bed.world.now() + seconds(3));
  bed.world.run_for(milliseconds(2'900));
  EXPECT_FALSE(bed.drained);
  bed.world.run_for(milliseconds(200));
  EXPECT_TRUE(bed.drained);
  EXPECT_TRUE(client.saw_close());
  EXPECT_TRUE(bed.lines.has("requests were still under way"));
}

TEST(Worker, AHastenedDrainEndsSooner) {
  ProxyBed bed;
  bed.begin(get("/"));
  bed.drain(bed.world.now() + seconds(30));
  bed.world.run_for(seconds(1));
  bed.worker().hasten(bed.world.now());
  bed.world.run_for(milliseconds(100));
  EXPECT_TRUE(bed.drained);
}

TEST(Worker, HasteAfterTheDrainIsNothing) {
  ProxyBed bed;
  bed.drain(bed.world.now() + seconds(30));
  bed.world.settle();
  ASSERT_TRUE(bed.drained);
  bed.worker().hasten(bed.world.now());
  bed.world.run_for(seconds(60));
  EXPECT_FALSE(bed.lines.has("requests were still under way"));
}

TEST(Worker, IdleConnectionsToBackendsEndWithTheDrain) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  bed.once(get("/"));
  EXPECT_FALSE(bed.backend(0).last().saw_end());
  bed.stop();
  EXPECT_TRUE(bed.backend(0).last().saw_close());
}

}  // namespace
}  // namespace fairlead::proxy
