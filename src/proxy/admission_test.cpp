#include "proxy/admission.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/balance/stable_hash.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using testing::get;
using testing::post;
using testing::SnapshotPlan;

/// A request held against the routes of a plan.
struct Admitted {
  explicit Admitted(std::string request, SnapshotPlan given = {}, std::string_view peer = "192.0.2.1")
      : text(std::move(request)), plan(std::move(given)) {
    plan.urls = {"http://127.0.0.1:7000"};
    snapshot = plan.build();
    http::RequestHeadParser parser(snapshot->head_limits, memory.request);
    EXPECT_EQ(parser.parse(text), http::ParseStatus::complete) << text;
    admission = admit(*snapshot, memory, *parse_ip(peer));
  }
  Admitted(const Admitted&) = delete;
  Admitted& operator=(const Admitted&) = delete;
  /// Of the refusal; 0: let in.
  [[nodiscard]] int status() const { return admission.is_refused ? admission.refusal.status : 0; }

  std::string text;
  SnapshotPlan plan;
  std::shared_ptr<const routing::Snapshot> snapshot;
  RequestMemory memory;
  Admission admission;
};

SnapshotPlan only_proxy_route() {
  SnapshotPlan plan;
  plan.routes.pop_back();
  return plan;
}

TEST(Admission, LetsInWhatARouteServes) {
  const Admitted admitted(get("/a/b?c=d"));
  EXPECT_EQ(admitted.status(), 0);
  EXPECT_EQ(admitted.admission.route->name, "/*");
  EXPECT_EQ(admitted.admission.route_index, 1U);
  EXPECT_EQ(admitted.admission.pool->name, "default");
  EXPECT_EQ(admitted.memory.path, "/a/b");
  EXPECT_EQ(admitted.memory.query, "c=d");
}

TEST(Admission, RewritesThePathAndDropsTheStrategyParameter) {
  const Admitted admitted(post("/proxy?a=1&strategy=least_conn&b=2", "x"));
  EXPECT_EQ(admitted.memory.path, "/process");
  EXPECT_EQ(admitted.memory.query, "a=1&b=2");
  EXPECT_EQ(admitted.admission.strategy, balance::StrategyId::least_conn);
}

TEST(Admission, AnEncodedStrategyIsTheSame) {
  const Admitted admitted(post("/proxy?strategy=least%5Fconn", ""));
  EXPECT_EQ(admitted.admission.strategy, balance::StrategyId::least_conn);
}

TEST(Admission, WithoutAWishTheRoutesStrategyServes) {
  SnapshotPlan plan;
  plan.routes[0].strategy = balance::StrategyId::least_conn;
  EXPECT_EQ(Admitted(post("/proxy?a=1", ""), plan).admission.strategy, balance::StrategyId::least_conn);
  EXPECT_EQ(Admitted(get("/"), plan).admission.strategy, balance::StrategyId::round_robin);
}

TEST(Admission, AnUnknownStrategyIs400) {
  for (const std::string_view wish : {"best", "", "ROUND_ROBIN", "least_conn%00"}) {
    const Admitted admitted(post("/proxy?strategy=" + std::string(wish), ""));
    EXPECT_EQ(admitted.status(), 400) << wish;
    EXPECT_FALSE(admitted.admission.refusal.close);
  }
}

TEST(Admission, ARouteWithoutStrategyParameterReadsNoQuery) {
  const Admitted admitted(get("/a?strategy=best"));
  EXPECT_EQ(admitted.status(), 0);
  EXPECT_EQ(admitted.memory.query, "strategy=best");
}

SnapshotPlan keyed_by(routing::KeyRule::Source source, std::string name) {
  SnapshotPlan plan;
  plan.strategy = balance::StrategyId::consistent_hash;
  plan.affinity.key = {source, std::move(name)};
  return plan;
}

TEST(Admission, TakesTheKeyThatThePoolsRuleNames) {
  const SnapshotPlan plan = keyed_by(routing::KeyRule::Source::header, "X-User");
  EXPECT_EQ(Admitted(get("/", "X-User: anna\r\n"), plan).admission.key_hash, balance::stable_hash("anna"));
  EXPECT_EQ(Admitted(get("/"), plan).admission.key_hash, std::nullopt);
}

TEST(Admission, TheKeyMayBeInAQueryThatDoesntReachTheBackend) {
  SnapshotPlan plan = keyed_by(routing::KeyRule::Source::query_parameter, "strategy");
  const Admitted admitted(post("/proxy?strategy=consistent_hash", ""), plan);
  EXPECT_EQ(admitted.admission.key_hash, balance::stable_hash("consistent_hash"));
  EXPECT_EQ(admitted.memory.query, "");
}

TEST(Admission, AClientsKeyIsTheSameDirectlyAndThroughATrustedProxy) {
  SnapshotPlan plan = keyed_by(routing::KeyRule::Source::client_address, "");
  plan.trusted_proxies = {*routing::parse_address_range("10.0.0.0/8")};
  const auto direct = Admitted(get("/"), plan, "192.0.2.7").admission.key_hash;
  EXPECT_TRUE(direct);
  EXPECT_EQ(Admitted(get("/", "X-Forwarded-For: 192.0.2.7\r\n"), plan, "10.0.0.1").admission.key_hash, direct);
  EXPECT_NE(Admitted(get("/", "X-Forwarded-For: 192.0.2.7\r\n"), plan, "192.0.2.9").admission.key_hash, direct);
}

TEST(Admission, AStrategyThatNeedsNoKeyGetsNone) {
  EXPECT_EQ(Admitted(get("/")).admission.key_hash, std::nullopt);
}

TEST(Admission, AnUnknownPathIs404) {
  const Admitted admitted(get("/other"), only_proxy_route());
  EXPECT_EQ(admitted.status(), 404);
  EXPECT_EQ(admitted.admission.route_index, Admission::no_route);
}

TEST(Admission, AnotherMethodIs405AndCountsForItsRoute) {
  const Admitted admitted(get("/proxy"), only_proxy_route());
  EXPECT_EQ(admitted.status(), 405);
  EXPECT_EQ(admitted.admission.allow, "POST");
  EXPECT_EQ(admitted.admission.route, nullptr);
  EXPECT_EQ(admitted.admission.route_index, 0U);
}

TEST(Admission, OptionsOfTheServerGoesWhereTheRootGoes) {
  const Admitted admitted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(admitted.status(), 0);
  EXPECT_EQ(admitted.memory.path, "*");
}

TEST(Admission, BothFramingsAre400AndTheEnd) {
  const Admitted admitted("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(admitted.status(), 400);
  EXPECT_TRUE(admitted.admission.refusal.close);
}

TEST(Admission, AnotherTransferCodingIs501) {
  EXPECT_EQ(Admitted("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n").status(), 501);
}

TEST(Admission, ALengthBeyondTheLimitIs413) {
  SnapshotPlan plan;
  plan.routes[1].body_max = 3;
  EXPECT_EQ(Admitted(post("/", "abc"), plan).status(), 0);
  EXPECT_EQ(Admitted(post("/", "abcd"), plan).status(), 413);
}

TEST(Admission, NoLimitIsNoLimit) {
  SnapshotPlan plan;
  plan.routes[1].body_max = 0;
  EXPECT_EQ(Admitted("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n", plan).status(), 0);
}

}  // namespace
}  // namespace fairlead::proxy
