#include "proxy/upstream_pool.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "proxy/proxy_metrics.hpp"

namespace fairlead::proxy {

UpstreamPool::UpstreamPool(io::EventLoop& loop, io::Resolver& resolver, ProxyMetrics& metrics)
    : loop_(loop), resolver_(resolver), metrics_(metrics) {
  sweep_timer_.context = this;
  sweep_timer_.on_expiry = [](io::Timer& timer) { static_cast<UpstreamPool*>(timer.context)->sweep(); };
  loop_.timers().arm(sweep_timer_, loop_.now() + sweep_every);
}

void UpstreamPool::adopt(std::size_t backends) {
  found_.assign(std::bit_ceil(std::max<std::size_t>(1, backends)), {});
}

UpstreamBackend& UpstreamPool::find(std::string_view pool, const balance::Backend& backend) {
  auto in_pool = pools_.find(pool);
  if (in_pool == pools_.end()) {
    in_pool = pools_.try_emplace(std::string(pool)).first;
  }
  auto found = in_pool->second.find(std::string_view(backend.url));
  if (found == in_pool->second.end()) {
    found = in_pool->second.try_emplace(backend.url).first;
    found->second.cells = &metrics_.upstream(pool, backend.url);
  }
  return found->second;
}

UpstreamBackend& UpstreamPool::known(std::string_view pool, const balance::Backend& backend) {
  Found& found = found_[reinterpret_cast<std::uintptr_t>(&backend) / sizeof backend & (found_.size() - 1)];
  if (found.asked != &backend || found.pool != pool.data()) {
    found = {&backend, pool.data(), &find(pool, backend)};
  }
  return *found.backend;
}

UpstreamBackend& UpstreamPool::backend(std::string_view pool, const balance::Backend& backend) {
  UpstreamBackend& record = backend.is_stranger ? find(pool, backend) : known(pool, backend);
  record.last_used = loop_.now();
  return record;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle(UpstreamBackend& backend) {
  while (!backend.idle.empty()) {
    std::unique_ptr<UpstreamConnection> connection = std::move(backend.idle.back());
    backend.idle.pop_back();
    const bool ask_kernel = loop_.now() - connection->idle_since > trusted_for;
    if (connection->stream.is_quiet(ask_kernel)) {
      connection->reused = true;
      backend.cells->reused->add();
      return connection;
    }
  }
  return nullptr;
}

io::Task<Result<std::unique_ptr<UpstreamConnection>>> UpstreamPool::connect(const balance::Backend& backend,
                                                                            io::TimePoint deadline) {
  const Result<io::Addresses> addresses = co_await resolver_.resolve(backend.host, backend.port, deadline);
  if (!addresses) {
    co_return addresses.error();
  }
  Error last{ErrorKind::unresolved, Side::upstream, 0, "the backend's name has no address"};
  for (io::Address address : *addresses) {
    auto connection = std::make_unique<UpstreamConnection>(loop_);
    Result<void> opened = connection->stream.open(address);
    if (!opened && opened.error().kind == ErrorKind::exhausted && close_idle()) {
      opened = connection->stream.open(address);
    }
    if (!opened) {
      last = opened.error();
      continue;
    }
    const Result<std::size_t> connected = co_await connection->stream.connect(address, deadline);
    if (connected) {
      co_return std::move(connection);
    }
    last = connected.error();
  }
  co_return last;
}

void UpstreamPool::give_back(UpstreamBackend& backend, std::unique_ptr<UpstreamConnection> connection) {
  connection->buffer.reset();
  connection->idle_since = loop_.now();
  backend.idle.push_back(std::move(connection));
  if (backend.idle.size() > surplus_max) {
    backend.idle.erase(backend.idle.begin());
  }
}

bool UpstreamPool::close_idle() {
  std::size_t closed = 0;
  for (auto& [pool, backends] : pools_) {
    for (auto& [url, backend] : backends) {
      closed += backend.idle.size();
      backend.idle.clear();
    }
  }
  return closed > 0;
}

void UpstreamPool::sweep_idle(UpstreamBackend& backend) const {
  const io::TimePoint now = loop_.now();
  std::erase_if(backend.idle, [&](const std::unique_ptr<UpstreamConnection>& connection) {
    return now - connection->idle_since > idle_for || !connection->stream.is_quiet(false);
  });
  // The longest idle are at the front.
  std::size_t surplus = backend.idle.size() - std::min(backend.idle.size(), idle_max);
  const auto stays = std::ranges::find_if(backend.idle, [&](const std::unique_ptr<UpstreamConnection>& connection) {
    return surplus-- == 0 || now - connection->idle_since < surplus_for;
  });
  backend.idle.erase(backend.idle.begin(), stays);
}

void UpstreamPool::sweep() {
  const io::TimePoint now = loop_.now();
  for (auto& [pool, backends] : pools_) {
    for (auto& [url, backend] : backends) {
      sweep_idle(backend);
    }
    std::erase_if(backends, [&](const auto& entry) {
      const UpstreamBackend& backend = entry.second;
      const bool forget = backend.users == 0 && backend.idle.empty() && now - backend.last_used > backend_kept_for;
      if (forget) {
        metrics_.forget_upstream(pool, entry.first);
      }
      return forget;
    });
  }
  std::erase_if(pools_, [](const auto& entry) { return entry.second.empty(); });
  adopt(found_.size());
  loop_.timers().arm(sweep_timer_, now + sweep_every);
}

}  // namespace fairlead::proxy
