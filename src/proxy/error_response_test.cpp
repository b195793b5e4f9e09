#include "proxy/error_response.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace fairlead::proxy {
namespace {

int status_of(ErrorKind kind, Side side, int code = 0) {
  return problem_of(Error{kind, side, code, "detail"}).status;
}

TEST(ErrorResponse, ABackendThatIsTooSlowIs504) {
  EXPECT_EQ(status_of(ErrorKind::timed_out, Side::upstream), 504);
}

TEST(ErrorResponse, ABackendThatCantBeReachedIs502) {
  for (const ErrorKind kind : {ErrorKind::refused, ErrorKind::reset, ErrorKind::closed, ErrorKind::unresolved,
                               ErrorKind::exhausted, ErrorKind::unexpected, ErrorKind::cancelled}) {
    EXPECT_EQ(status_of(kind, Side::upstream), 502) << name_of(kind);
  }
}

TEST(ErrorResponse, NonsenseOfABackendIs502) {
  EXPECT_EQ(status_of(ErrorKind::malformed, Side::upstream), 502);
  EXPECT_EQ(status_of(ErrorKind::too_large, Side::upstream, 431), 502);
}

TEST(ErrorResponse, NoBackendIs503WithRetryAfter) {
  const http::Problem problem = problem_of(Error{ErrorKind::unavailable, Side::upstream, 503, ""});
  EXPECT_EQ(problem.status, 503);
  EXPECT_EQ(problem.retry_after_seconds, 1);
}

TEST(ErrorResponse, WhatTheProxyLacksItselfIs503AndSaysThatItIsNoBackends) {
  const http::Problem problem = problem_of(Error{ErrorKind::exhausted, Side::internal, 0, "no descriptor left"});
  EXPECT_EQ(problem.status, 503);
  EXPECT_EQ(problem.retry_after_seconds, 1);
  EXPECT_NE(problem.detail.find("this proxy"), std::string_view::npos);
}

TEST(ErrorResponse, AClientThatBrokeOffIsGoneAndOneThatIsSlowIsNot) {
  EXPECT_TRUE(client_is_gone(Error{ErrorKind::reset, Side::downstream}));
  EXPECT_TRUE(client_is_gone(Error{ErrorKind::closed, Side::downstream}));
  EXPECT_FALSE(client_is_gone(Error{ErrorKind::timed_out, Side::downstream}));
  EXPECT_FALSE(client_is_gone(Error{ErrorKind::reset, Side::upstream}));
}

TEST(ErrorResponse, AClientsFaultHasItsOwnStatus) {
  EXPECT_EQ(status_of(ErrorKind::malformed, Side::downstream, 400), 400);
  EXPECT_EQ(status_of(ErrorKind::too_large, Side::downstream, 413), 413);
  EXPECT_EQ(status_of(ErrorKind::timed_out, Side::downstream, ETIMEDOUT), 408);
}

TEST(ErrorResponse, AnErrnoIsNoStatus) {
  EXPECT_EQ(status_of(ErrorKind::unexpected, Side::downstream, EIO), 400);
}

TEST(ErrorResponse, AFaultOfOurOwnShowsNothingOfIt) {
  const http::Problem problem = problem_of(Error{ErrorKind::unexpected, Side::internal, 0, "secret"});
  EXPECT_EQ(problem.status, 500);
  EXPECT_EQ(problem.detail.find("secret"), std::string_view::npos);
}

TEST(ErrorResponse, AFaultOfABackendShowsNothingOfIt) {
  const http::Problem problem = problem_of(Error{ErrorKind::malformed, Side::upstream, 502, "secret"});
  EXPECT_EQ(problem.detail.find("secret"), std::string_view::npos);
}

}  // namespace
}  // namespace fairlead::proxy
