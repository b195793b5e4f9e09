// Requests with a key through a whole worker: where they go, and where they go when they can't.
#include <gtest/gtest.h>

#include <string>

#include "proxy/exchange.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using testing::get;
using testing::ok;
using testing::ProxyBed;
using testing::SnapshotPlan;
using testing::status_of;

constexpr std::size_t count = 4;

void by_user(SnapshotPlan& plan) {
  plan.strategy = balance::StrategyId::consistent_hash;
  plan.affinity.key = {routing::KeyRule::Source::header, "X-User"};
}

std::string of_user(const std::string& name) {
  return get("/", "X-User: " + name + "\r\n");
}

/// Four backends that answer, and a client's connection.
struct Bed : ProxyBed {
  Bed() : ProxyBed(count, by_user) {
    for (std::size_t index = 0; index < count; ++index) {
      backend(index).answer = ok("x");
    }
  }
  std::size_t served(std::size_t index) { return backend(index).requests.size(); }
  /// Which backend serves it.
  std::size_t serving(const std::string& request) {
    std::size_t before[count];
    for (std::size_t index = 0; index < count; ++index) {
      before[index] = served(index);
    }
    EXPECT_EQ(status_of(ask(client, request)), 200);
    std::size_t index = 0;
    while (index < count && served(index) == before[index]) {
      ++index;
    }
    return index;
  }

  testing::Peer& client = connect();
};

TEST(ExchangeAffinity, RequestsOfAKeyStayWithABackend) {
  Bed bed;
  const std::size_t home = bed.serving(of_user("anna"));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(bed.serving(of_user("anna")), home);
  }
}

TEST(ExchangeAffinity, ManyKeysUseAllBackends) {
  Bed bed;
  for (int i = 0; i < 200; ++i) {
    bed.serving(of_user(std::to_string(i)));
  }
  for (std::size_t index = 0; index < count; ++index) {
    EXPECT_GE(bed.served(index), 20U);
  }
}

TEST(ExchangeAffinity, RequestsWithoutTheKeyUseAllBackends) {
  Bed bed;
  for (int i = 0; i < 200; ++i) {
    bed.serving(get("/"));
  }
  for (std::size_t index = 0; index < count; ++index) {
    EXPECT_GE(bed.served(index), 20U);
  }
}

TEST(ExchangeAffinity, AKeyWhoseBackendRefusesGoesToTheSameOtherAndBack) {
  Bed bed;
  const std::size_t home = bed.serving(of_user("anna"));
  bed.backend(home).refuse();
  bed.backend(home).last().reset();
  bed.world.settle();
  const std::size_t other = bed.serving(of_user("anna"));
  EXPECT_NE(other, home);
  EXPECT_EQ(bed.serving(of_user("anna")), other);
  bed.backend(home).serve();
  EXPECT_EQ(bed.serving(of_user("anna")), home);
}

TEST(ExchangeAffinity, WhatIsBeyondTheBoundGoesToAnotherBackend) {
  Bed bed;
  const std::size_t home = bed.serving(of_user("anna"));
  bed.backend(home).answer.clear();
  bed.begin(of_user("anna"));
  bed.begin(of_user("anna"));  // both stay: with one in flight a backend isn't above ceil(1.25 / 4)
  EXPECT_EQ(bed.leases(), 2U);
  EXPECT_NE(bed.serving(of_user("anna")), home);
}

}  // namespace
}  // namespace fairlead::proxy
