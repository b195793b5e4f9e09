#include "core/policy/retry_policy.hpp"

namespace fairlead::policy {
namespace {

// A fresh connection that dies under a request may be the request's own doing: one other backend is risked, not all.
constexpr unsigned tries_max_after_death = 2;

bool is_connect_failure(const Attempt& attempt) {
  if (attempt.connected) {
    return false;
  }
  switch (attempt.error.kind) {
    case ErrorKind::refused:
    case ErrorKind::timed_out:
    case ErrorKind::unresolved:
    case ErrorKind::reset:
    case ErrorKind::closed: return true;
    default: return false;
  }
}

bool died_before_answer(const Attempt& attempt) {
  const bool is_broken = attempt.error.kind == ErrorKind::closed || attempt.error.kind == ErrorKind::reset;
  return attempt.connected && is_broken && !attempt.response_bytes_received;
}

RetryAction action_after(const Attempt& attempt) {
  if (attempt.error.side == Side::downstream || !attempt.body_replayable || attempt.out_of_time) {
    return RetryAction::give_up;
  }
  if (is_connect_failure(attempt)) {
    return attempt.more_backends ? RetryAction::another_backend : RetryAction::give_up;
  }
  const bool is_safe = attempt.idempotent || !attempt.request_bytes_sent;
  if (!died_before_answer(attempt) || !is_safe) {
    return RetryAction::give_up;
  }
  // A pooled connection may simply have been closed for idleness. The next one is fresh, so this happens once.
  if (attempt.reused) {
    return RetryAction::same_backend_fresh_connection;
  }
  return attempt.more_backends && attempt.tries < tries_max_after_death ? RetryAction::another_backend
                                                                        : RetryAction::give_up;
}

}  // namespace

RetryDecision decide(const Attempt& attempt) {
  return {action_after(attempt)};
}

}  // namespace fairlead::policy
