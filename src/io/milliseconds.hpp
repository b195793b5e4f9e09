// Times of the loop's clock as plain milliseconds: how cells of atomics that threads share keep them
// (BackendActivity::rests_until_ms, StateStatus::heard_at_ms). Pure; safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "io/engine.hpp"

namespace fairlead::io {

inline std::int64_t milliseconds_of(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace fairlead::io
