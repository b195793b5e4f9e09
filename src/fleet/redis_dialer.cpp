#include "fleet/redis_dialer.hpp"

#include <cerrno>

#include "base/check.hpp"
#include "io/tls_stream.hpp"

namespace fairlead::fleet {
namespace {

using Dialed = Result<std::unique_ptr<io::Stream>>;

io::Task<Dialed> secure(std::unique_ptr<io::PlainStream> plain, const RedisEndpoint& endpoint, io::TimePoint deadline) {
  auto stream = std::make_unique<io::TlsStream>(std::move(plain), *endpoint.tls, endpoint.url.host);
  const Result<std::size_t> shaken = co_await stream->handshake(deadline);
  if (!shaken) {
    Error error = shaken.error();
    if (error.code == EKEYREJECTED) {
      error.detail = stream->certificate_fault();
    }
    co_return error;
  }
  co_return std::unique_ptr<io::Stream>(std::move(stream));
}

io::Task<Dialed> connect(io::EventLoop& loop, io::Address address, const RedisEndpoint& endpoint,
                         io::TimePoint deadline) {
  auto stream = std::make_unique<io::PlainStream>(loop, Side::internal);
  const Result<void> opened = stream->open(address);
  if (!opened) {
    co_return opened.error();
  }
  const Result<std::size_t> connected = co_await stream->connect(address, deadline);
  if (!connected) {
    co_return connected.error();
  }
  if (endpoint.url.kind != StateKind::redis_tls) {
    co_return std::unique_ptr<io::Stream>(std::move(stream));
  }
  Dialed secured = co_await secure(std::move(stream), endpoint, deadline);
  co_return std::move(secured);
}

}  // namespace

io::Task<Dialed> dial_redis(io::EventLoop& loop, io::Resolver& resolver, const RedisEndpoint& endpoint,
                            io::TimePoint deadline) {
  const StateUrl& url = endpoint.url;
  check(url.kind != StateKind::redis_tls || endpoint.tls != nullptr, "rediss:// comes with a TLS context");
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
    Dialed dialed = co_await connect(loop, addresses[i], endpoint, deadline);
    if (dialed) {
      co_return std::move(dialed);
    }
    last = dialed.error();
  }
  co_return last;
}

}  // namespace fairlead::fleet
