#include "fleet/redis_dialer.hpp"

namespace fairlead::fleet {
namespace {

using Dialed = Result<std::unique_ptr<io::Stream>>;

io::Task<Dialed> connect(io::EventLoop& loop, io::Address address, io::TimePoint deadline) {
  auto stream = std::make_unique<io::PlainStream>(loop, Side::internal);
  const Result<void> opened = stream->open(address);
  if (!opened) {
    co_return opened.error();
  }
  const Result<std::size_t> connected = co_await stream->connect(address, deadline);
  if (!connected) {
    co_return connected.error();
  }
  co_return std::unique_ptr<io::Stream>(std::move(stream));
}

}  // namespace

Result<void> check_supported(const StateUrl& url) {
  if (url.kind == StateKind::redis_tls) {
    return Error{ErrorKind::unavailable, Side::internal, 0, "rediss:// needs TLS, which this build doesn't have yet"};
  }
  return {};
}

io::Task<Dialed> dial_redis(io::EventLoop& loop, io::Resolver& resolver, const StateUrl& url, io::TimePoint deadline) {
  const Result<void> supported = check_supported(url);
  if (!supported) {
    co_return supported.error();
  }
  io::Addresses addresses;
  if (url.kind == StateKind::redis_unix) {
    const std::optional<io::Address> address = io::Address::from_path(url.path);
    if (address) {
      addresses.push_back(*address);
    }
  } else {
    Result<io::Addresses> resolved = co_await resolver.resolve(url.host, url.port, deadline);
    if (!resolved) {
      co_return resolved.error();
    }
    addresses = std::move(*resolved);
  }
  Error last{ErrorKind::unresolved, Side::internal, 0, "no address"};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Dialed dialed = co_await connect(loop, addresses[i], deadline);
    if (dialed) {
      co_return std::move(dialed);
    }
    last = dialed.error();
  }
  co_return last;
}

}  // namespace fairlead::fleet
