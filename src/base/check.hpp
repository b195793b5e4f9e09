// check() guards what only a mistake of ours can break; it stops the process with the place and the condition.
// Anything that a client, a backend, Redis or an operator can cause is an Error, never a check.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace fairlead {

inline void check(bool holds, const char* what, std::source_location at = std::source_location::current()) {
  if (holds) [[likely]] {
    return;
  }
  std::fprintf(stderr, "fairlead: broken invariant: %s (%s:%u)\n", what, at.file_name(), at.line());
  std::abort();
}

}  // namespace fairlead
