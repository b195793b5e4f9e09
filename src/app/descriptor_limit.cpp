#include "app/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace fairlead::app {
namespace {

constexpr std::size_t descriptors_for_ourselves = 256;  // loops, listeners, admin, Redis, idle upstream connections
constexpr std::size_t descriptors_each = 2;             // the client's and the backend's

}  // namespace

std::size_t connections_within(std::size_t descriptors, std::size_t wanted) {
  const std::size_t reserve = std::min(descriptors_for_ourselves, descriptors / 2);
  return std::clamp<std::size_t>((descriptors - reserve) / descriptors_each, 1, std::max<std::size_t>(wanted, 1));
}

std::size_t ensure_descriptors(std::size_t wanted, const Log& log) {
  const rlim_t needed = descriptors_each * wanted + descriptors_for_ourselves;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
    return wanted;
  }
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    limit.rlim_cur = before;
  }
  if (limit.rlim_cur >= needed) {
    log.info("file-descriptor limit raised", {{"from", before}, {"to", limit.rlim_cur}});
    return wanted;
  }
  const std::size_t fitting = connections_within(limit.rlim_cur, wanted);
  log.warn(
      "file-descriptor limit is too low for limits.connections, fewer are served at a time; raise it (ulimit -n, "
      "LimitNOFILE) or set the key to what is served",
      {{"limit", limit.rlim_cur}, {"needed", needed}, {"limits.connections", wanted}, {"served", fitting}});
  return fitting;
}

}  // namespace fairlead::app
