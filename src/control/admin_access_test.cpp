#include "control/admin_access.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

constexpr std::string_view secret = "a token of some length";

http::RequestHead request_with(http::FieldList fields, std::string_view authority = "127.0.0.1:8000") {
  http::RequestHead request;
  request.fields = std::move(fields);
  request.authority = authority;
  return request;
}

int status_for(const http::RequestHead& request, std::string_view peer, std::string_view token = {}) {
  const std::optional<AdminRefusal> refusal = refuse_write(request, peer, token);
  return refusal ? refusal->status : 200;
}

TEST(AdminAccess, ThisMachineMayWrite) {
  for (const std::string_view peer : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(status_for(request_with({}), peer), 200) << peer;
  }
  for (const std::string_view host : {"localhost:8000", "[::1]:8000", "127.0.0.1"}) {
    EXPECT_EQ(status_for(request_with({}, host), "127.0.0.1"), 200) << host;
  }
}

TEST(AdminAccess, AnotherHostNeedsTheToken) {
  EXPECT_EQ(status_for(request_with({}), "10.0.0.1"), 403);
  EXPECT_EQ(status_for(request_with({}), "10.0.0.1", secret), 401);
  EXPECT_EQ(status_for(request_with({{"Authorization", "Bearer a token of some length"}}), "10.0.0.1", secret), 200);
  EXPECT_EQ(status_for(request_with({{"Authorization", "Bearer a token of some lengtH"}}), "10.0.0.1", secret), 401);
  EXPECT_EQ(status_for(request_with({{"Authorization", "Bearer a token"}}), "10.0.0.1", secret), 401);
  EXPECT_EQ(status_for(request_with({{"Authorization", "Bearer "}}), "10.0.0.1", ""), 403);
}

TEST(AdminAccess, AProxyOnThisMachineIsAnotherHost) {
  for (const std::string_view name : {"X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"}) {
    EXPECT_EQ(status_for(request_with({{name, "10.0.0.1"}}), "127.0.0.1"), 403) << name;
  }
}

TEST(AdminAccess, AnEmptyFieldInFrontOfTheProxysOwnHidesNothing) {
  EXPECT_EQ(status_for(request_with({{"X-Forwarded-For", ""}, {"X-Forwarded-For", "10.0.0.1"}}), "127.0.0.1"), 403);
}

TEST(AdminAccess, APageOfAnotherSiteMayNotWrite) {
  EXPECT_EQ(status_for(request_with({{"Origin", "http://evil.example"}}), "127.0.0.1"), 403);
  EXPECT_EQ(status_for(request_with({{"Origin", "null"}}), "127.0.0.1"), 403);
  EXPECT_EQ(status_for(request_with({{"Origin", "http://127.0.0.1:8000"}}), "127.0.0.1"), 200);
  EXPECT_EQ(status_for(request_with({}, "evil.example:8000"), "127.0.0.1"), 403);
}

}  // namespace
}  // namespace fairlead::control
