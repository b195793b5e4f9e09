#include "proxy/proxy_metrics.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

class ProxyMetricsTest : public ::testing::Test {
 protected:
  [[nodiscard]] double value(std::string_view family, const std::vector<std::string>& labels) const {
    return shown.value(family, labels);
  }

  metrics::Registry registry;
  ProxyFamilies families{registry};
  ProxyMetrics metrics{families, registry.add_shard()};
  testing::Metrics shown{registry};
};

TEST_F(ProxyMetricsTest, CountsARequestByMethodRouteAndStatus) {
  metrics.count_request(metrics.route("/a"), http::Method::post, 201, 0.5);
  metrics.count_request(metrics.route("/a"), http::Method::post, 201, 0.5);
  metrics.count_request(metrics.route("/a"), http::Method::get, 404, 0.5);
  EXPECT_EQ(value("http_requests_total", {"POST", "/a", "201"}), 2);
  EXPECT_EQ(value("http_requests_total", {"GET", "/a", "404"}), 1);
  EXPECT_EQ(value("request_duration_seconds", {"/a"}), 3);
}

TEST_F(ProxyMetricsTest, AMethodThatAClientMadeUpIsNoLabel) {
  metrics.count_request(metrics.route("/a"), http::Method::other, 200, 0);
  EXPECT_EQ(value("http_requests_total", {"_other", "/a", "200"}), 1);
}

TEST_F(ProxyMetricsTest, RequestsWithoutRouteHaveTheirOwnLabel) {
  metrics.count_request(metrics.route(""), http::Method::get, 404, 0);
  EXPECT_EQ(value("http_requests_total", {"GET", "_none", "404"}), 1);
}

TEST_F(ProxyMetricsTest, CellsOfARouteStayTheSame) {
  EXPECT_EQ(&metrics.route("/a"), &metrics.route("/a"));
  EXPECT_NE(&metrics.route("/a"), &metrics.route("/b"));
}

TEST_F(ProxyMetricsTest, BackendsOfTwoPoolsAreApart) {
  metrics.upstream("blue", "http://a").in_flight->add(1);
  metrics.upstream("green", "http://a").by_class[2]->add();
  EXPECT_EQ(value("fairlead_upstream_in_flight", {"blue", "http://a", "local"}), 1);
  EXPECT_EQ(value("fairlead_upstream_in_flight", {"green", "http://a", "local"}), 0);
  EXPECT_EQ(value("fairlead_upstream_requests_total", {"green", "http://a", "2xx"}), 1);
}

TEST_F(ProxyMetricsTest, ABackendThatComesBackGoesOnCounting) {
  metrics.upstream("blue", "http://a").opened->add();
  metrics.forget_upstream("blue", "http://a");
  metrics.upstream("blue", "http://a").opened->add();
  EXPECT_EQ(value("fairlead_upstream_connections_total", {"blue", "http://a", "new"}), 2);
}

TEST_F(ProxyMetricsTest, FailuresAndRejectsHaveTheirReason) {
  metrics.count_upstream_failure("blue", "http://a", Error{ErrorKind::refused, Side::upstream, 0, ""});
  metrics.count_client_reject("malformed");
  metrics.count_retry("blue", "another_backend");
  metrics.count_pick(fleet::Basis::leased);
  EXPECT_EQ(value("fairlead_upstream_failures_total", {"blue", "http://a", "refused"}), 1);
  EXPECT_EQ(value("fairlead_client_rejects_total", {"malformed"}), 1);
  EXPECT_EQ(value("fairlead_retries_total", {"blue", "another_backend"}), 1);
  EXPECT_EQ(value("fairlead_picks_total", {"leased"}), 1);
  EXPECT_EQ(value("fairlead_picks_total", {"exact"}), 0);
}

}  // namespace
}  // namespace fairlead::proxy
