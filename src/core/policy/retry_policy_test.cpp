#include "core/policy/retry_policy.hpp"

#include <gtest/gtest.h>

namespace fairlead::policy {
namespace {

constexpr ErrorKind connect_failures[] = {ErrorKind::refused, ErrorKind::timed_out, ErrorKind::unresolved,
                                          ErrorKind::reset, ErrorKind::closed};

Error upstream(ErrorKind kind) {
  return Error{kind, Side::upstream, 0, "test"};
}

Attempt connect_failure(ErrorKind kind) {
  Attempt attempt;
  attempt.error = upstream(kind);
  attempt.body_replayable = true;
  attempt.more_backends = true;
  return attempt;
}

/// A connection that died with the request sent and no byte of the answer.
Attempt death(bool reused, bool idempotent) {
  Attempt attempt = connect_failure(ErrorKind::reset);
  attempt.connected = true;
  attempt.reused = reused;
  attempt.idempotent = idempotent;
  attempt.request_bytes_sent = true;
  return attempt;
}

RetryAction action(const Attempt& attempt) {
  return decide(attempt).action;
}

TEST(RetryPolicy, GoesToAnotherBackendWhenItCannotConnect) {
  for (const ErrorKind kind : connect_failures) {
    EXPECT_EQ(action(connect_failure(kind)), RetryAction::another_backend) << name_of(kind);
  }
}

TEST(RetryPolicy, TriesEveryBackendWhenConnectsFail) {
  Attempt attempt = connect_failure(ErrorKind::refused);
  attempt.tries = 100;
  EXPECT_EQ(action(attempt), RetryAction::another_backend);
  attempt.more_backends = false;
  EXPECT_EQ(action(attempt), RetryAction::give_up);
}

TEST(RetryPolicy, GivesUpOnceTheClientHasWaitedLongEnough) {
  for (Attempt attempt : {connect_failure(ErrorKind::timed_out), death(true, true), death(false, true)}) {
    EXPECT_NE(action(attempt), RetryAction::give_up);
    attempt.out_of_time = true;
    EXPECT_EQ(action(attempt), RetryAction::give_up);
  }
}

TEST(RetryPolicy, NeverSendsABodyAgainThatIsGone) {
  for (Attempt attempt : {connect_failure(ErrorKind::refused), death(true, true), death(false, true)}) {
    EXPECT_NE(action(attempt), RetryAction::give_up);
    attempt.body_replayable = false;
    EXPECT_EQ(action(attempt), RetryAction::give_up);
  }
}

TEST(RetryPolicy, GivesUpOnOtherFailuresToConnect) {
  for (const ErrorKind kind : {ErrorKind::cancelled, ErrorKind::malformed, ErrorKind::too_large, ErrorKind::unavailable,
                               ErrorKind::exhausted, ErrorKind::unexpected}) {
    EXPECT_EQ(action(connect_failure(kind)), RetryAction::give_up) << name_of(kind);
  }
}

TEST(RetryPolicy, OpensAFreshConnectionWhenAReusedOneDied) {
  for (const ErrorKind kind : {ErrorKind::closed, ErrorKind::reset}) {
    Attempt attempt = death(true, true);
    attempt.error = upstream(kind);
    attempt.more_backends = false;
    EXPECT_EQ(action(attempt), RetryAction::same_backend_fresh_connection) << name_of(kind);
  }
}

TEST(RetryPolicy, SendsWhatIsNotIdempotentAgainOnlyIfNothingWasSent) {
  Attempt reused = death(true, false);
  EXPECT_EQ(action(reused), RetryAction::give_up);
  reused.request_bytes_sent = false;
  EXPECT_EQ(action(reused), RetryAction::same_backend_fresh_connection);

  Attempt fresh = death(false, false);
  EXPECT_EQ(action(fresh), RetryAction::give_up);
  fresh.request_bytes_sent = false;
  EXPECT_EQ(action(fresh), RetryAction::another_backend);
}

TEST(RetryPolicy, RisksOneOtherBackendWhenAFreshConnectionDied) {
  Attempt attempt = death(false, true);
  EXPECT_EQ(action(attempt), RetryAction::another_backend);
  attempt.tries = 2;
  EXPECT_EQ(action(attempt), RetryAction::give_up);
}

TEST(RetryPolicy, GivesUpWhenAFreshConnectionDiedAndNoOtherBackendIsLeft) {
  Attempt attempt = death(false, true);
  attempt.more_backends = false;
  EXPECT_EQ(action(attempt), RetryAction::give_up);
}

TEST(RetryPolicy, NeverTriesAgainAfterAByteOfTheAnswer) {
  for (const bool reused : {false, true}) {
    Attempt attempt = death(reused, true);
    attempt.response_bytes_received = true;
    EXPECT_EQ(action(attempt), RetryAction::give_up);
  }
}

TEST(RetryPolicy, NeverTriesAgainAfterATimeoutOfTheAnswer) {
  for (const bool reused : {false, true}) {
    Attempt attempt = death(reused, true);
    attempt.error = upstream(ErrorKind::timed_out);
    EXPECT_EQ(action(attempt), RetryAction::give_up);
  }
}

TEST(RetryPolicy, NeverTriesAgainAfterAMalformedAnswer) {
  for (const bool reused : {false, true}) {
    Attempt attempt = death(reused, true);
    attempt.error = upstream(ErrorKind::malformed);
    EXPECT_EQ(action(attempt), RetryAction::give_up);
  }
}

TEST(RetryPolicy, NeverTriesAgainForAClientsFault) {
  for (Attempt attempt : {connect_failure(ErrorKind::reset), death(true, true), death(false, true)}) {
    attempt.error.side = Side::downstream;
    EXPECT_EQ(action(attempt), RetryAction::give_up);
  }
}

}  // namespace
}  // namespace fairlead::policy
