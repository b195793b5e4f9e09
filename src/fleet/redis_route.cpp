#include "fleet/redis_route.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/units.hpp"

namespace fairlead::fleet {
namespace {

constexpr std::array<std::string_view, 4> words_of_a_cluster{"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"};
/// Of a replica: one that was a master a moment ago, or one that lost its own.
constexpr std::array<std::string_view, 2> words_of_a_replica{"READONLY", "MASTERDOWN"};

/// Of `MOVED 866 10.0.0.7:6379`: the address, its host empty when it is that of the server which says so.
std::optional<HostPort> address_in(std::string_view moved) {
  const std::string_view address = moved.substr(std::min(moved.rfind(' ') + 1, moved.size()));
  const std::size_t colon = address.rfind(':');
  if (!moved.starts_with("MOVED ") || colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto port = parse_whole(address.substr(colon + 1));
  if (!port || *port == 0 || *port > 65'535 || address.starts_with('?')) {
    return std::nullopt;
  }
  return HostPort{std::string(address.substr(0, colon)), static_cast<std::uint16_t>(*port)};
}

RedisEndpoint at(RedisEndpoint endpoint, HostPort address) {
  const bool is_tls = endpoint.url.kind == StateKind::redis_tls;
  endpoint.url.kind = is_tls ? StateKind::redis_tls : StateKind::redis;
  endpoint.url.host = std::move(address.host);
  endpoint.url.port = address.port;
  return endpoint;
}

}  // namespace

RedisRoute::RedisRoute(io::EventLoop& loop, io::Resolver& resolver, RedisEndpoint endpoint)
    : loop_(loop), resolver_(resolver), configured_(std::move(endpoint)) {
  if (configured_.url.kind == StateKind::redis_sentinel) {
    sentinels_.emplace(loop, resolver, configured_.url);
  }
}

io::Task<RedisRoute::Dialed> RedisRoute::dial() {
  if (sentinels_) {
    Sentinels::Answer answer = co_await sentinels_->find_master();
    if (const StateFault* fault = std::get_if<StateFault>(&answer)) {
      co_return *fault;
    }
    master_ = at(configured_, std::move(std::get<HostPort>(answer)));
  }
  const RedisEndpoint to = master_.value_or(node_.value_or(configured_));
  Dialed dialed = co_await connect(to);
  co_return std::move(dialed);
}

io::Task<RedisRoute::Dialed> RedisRoute::connect(const RedisEndpoint& to) {
  const io::TimePoint deadline = loop_.now() + connect_max;
  Result<std::unique_ptr<io::Stream>> dialed = co_await dial_redis(loop_, resolver_, to, deadline);
  if (!dialed) {
    co_return fault_of(dialed.error());
  }
  co_return std::move(*dialed);
}

bool RedisRoute::leads_away(std::string_view error) const {
  const std::string_view word = error.substr(0, error.find(' '));
  return std::ranges::count(words_of_a_cluster, word) > 0 ||
         (needs_master() && std::ranges::count(words_of_a_replica, word) > 0);
}

bool RedisRoute::follow(std::string_view moved) {
  std::optional<HostPort> address = address_in(moved);
  if (!address || needs_master()) {
    return false;
  }
  if (address->host.empty()) {
    address->host = node_.value_or(configured_).url.host;
  }
  if (address->host.empty()) {
    return false;  // of a unix socket nobody knows the host
  }
  node_ = at(configured_, std::move(*address));
  return true;
}

io::Task<bool> RedisRoute::has_moved() {
  const Sentinels::Answer answer = co_await sentinels_->find_master();
  const HostPort* named = std::get_if<HostPort>(&answer);
  co_return named != nullptr&& master_ && *named != HostPort{master_->url.host, master_->url.port};
}

void RedisRoute::stop() {
  if (sentinels_) {
    sentinels_->stop();
  }
}

}  // namespace fairlead::fleet
