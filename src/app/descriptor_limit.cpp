#include "app/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace fairlead::app {
namespace {

constexpr std::size_t descriptors_of_process = 256;   // control loop, admin, Redis, idle upstream connections
constexpr std::size_t descriptors_each = 2;           // the client's and the backend's
constexpr std::size_t descriptors_of_worker = 2 + 1;  // its loop's, and in exact coordination a Redis connection

std::size_t descriptors_of_workers(const DescriptorDemand& demand) {
  return demand.workers * (descriptors_of_worker + demand.addresses);
}

std::size_t wanted_each(const DescriptorDemand& demand) {
  return (demand.connections + demand.workers - 1) / demand.workers;
}

}  // namespace

std::size_t connections_each(std::size_t descriptors, const DescriptorDemand& demand) {
  const std::size_t left = descriptors - std::min(descriptors, descriptors_of_workers(demand));
  const std::size_t reserve = std::min(descriptors_of_process, left / 2);
  const std::size_t fitting = (left - reserve) / descriptors_each / demand.workers;
  return std::clamp<std::size_t>(fitting, 1, std::max<std::size_t>(wanted_each(demand), 1));
}

std::size_t ensure_descriptors(const DescriptorDemand& demand, const Log& log) {
  const std::size_t wanted = wanted_each(demand);
  const rlim_t needed =
      descriptors_each * wanted * demand.workers + descriptors_of_workers(demand) + descriptors_of_process;
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
  const std::size_t fitting = connections_each(limit.rlim_cur, demand);
  log.warn(
      "file-descriptor limit is too low for limits.connections, fewer are served at a time; raise it (ulimit -n, "
      "LimitNOFILE) or set the key to what is served",
      {{"limit", limit.rlim_cur},
       {"needed", needed},
       {"limits.connections", demand.connections},
       {"served", std::min(fitting * demand.workers, demand.connections)}});
  return fitting;
}

}  // namespace fairlead::app
