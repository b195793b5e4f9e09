// What follows a failed attempt: the one place that decides whether a request is sent again (RFC 9110 section 9.2.2).
// Never twice what a backend may have acted on: only idempotent requests, or ones of which nothing was sent; never
// after a byte of the answer, never after a timeout of the answer. Pure.
#pragma once

#include <cstdint>

#include "base/error.hpp"

namespace fairlead::policy {

/// An attempt that failed, as the exchange saw it. Unless said otherwise about this attempt alone.
struct Attempt {
  Error error;
  bool idempotent = false;  ///< of the request's method
  bool connected = false;   ///< there was a connection, new or reused
  bool reused = false;      ///< the connection came from the pool
  bool request_bytes_sent = false;
  bool response_bytes_received = false;
  bool body_replayable = false;  ///< no byte of the body was consumed beyond what is kept, over all attempts
  unsigned tries = 1;            ///< attempts so far, this one included
  bool more_backends = false;    ///< one that this request hasn't tried may serve
  bool out_of_time = false;      ///< the client has waited for as long as a first byte may take
};

enum class RetryAction : std::uint8_t { give_up, same_backend_fresh_connection, another_backend };

struct RetryDecision {
  RetryAction action = RetryAction::give_up;

  friend bool operator==(const RetryDecision&, const RetryDecision&) = default;
};

RetryDecision decide(const Attempt& attempt);

}  // namespace fairlead::policy
