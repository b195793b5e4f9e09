// Opens the byte stream to Redis that a state URL names: TCP by name or address, or a unix socket. The one place where
// another kind of stream comes in (TLS). One loop thread; `url`, `loop` and `resolver` outlive the task.
#pragma once

#include <memory>

#include "fleet/state_url.hpp"
#include "io/resolver.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"

namespace fairlead::fleet {

io::Task<Result<std::unique_ptr<io::Stream>>> dial_redis(io::EventLoop& loop, io::Resolver& resolver,
                                                         const StateUrl& url, io::TimePoint deadline);

/// Can this build reach such a URL? Error: unavailable.
Result<void> check_supported(const StateUrl& url);

}  // namespace fairlead::fleet
