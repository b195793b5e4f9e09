#include "app/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace fairlead::app {
namespace {

constexpr rlim_t descriptors_for_ourselves = 256;  // loops, listeners, admin, Redis, idle upstream connections

}  // namespace

void ensure_descriptors(std::size_t connections, const Log& log) {
  const rlim_t needed = 2 * static_cast<rlim_t>(connections) + descriptors_for_ourselves;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
    return;
  }
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    limit.rlim_cur = before;
  }
  if (limit.rlim_cur >= needed) {
    log.info("file-descriptor limit raised", {{"from", before}, {"to", limit.rlim_cur}});
  } else {
    log.warn("file-descriptor limit is too low for limits.connections; raise it (ulimit -n) or lower the key",
             {{"limit", limit.rlim_cur}, {"needed", needed}, {"connections", connections}});
  }
}

}  // namespace fairlead::app
