// Opens the byte stream to Redis that a state URL names: TCP by name or address, TLS over it, or a unix socket.
// Used by redis_client. One loop thread; the endpoint, `loop` and `resolver` outlive the task.
#pragma once

#include <memory>

#include "fleet/state_url.hpp"
#include "io/resolver.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"
#include "io/tls_context.hpp"

namespace fairlead::fleet {

struct RedisEndpoint {
  StateUrl url;
  const io::TlsContext* tls = nullptr;  ///< set for rediss://; outlives whoever dials
};

/// Error with TLS: refused with the code EKEYREJECTED and what is wrong with the certificate, when it isn't believed.
io::Task<Result<std::unique_ptr<io::Stream>>> dial_redis(io::EventLoop& loop, io::Resolver& resolver,
                                                         const RedisEndpoint& endpoint, io::TimePoint deadline);

}  // namespace fairlead::fleet
