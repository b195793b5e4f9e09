#include "proxy/downstream_connection.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::proxy {
namespace {

/// After an answer that leaves unread bytes of the client behind: closing at once would reset the connection and could
/// destroy the answer on its way (RFC 9112 section 9.6).
constexpr std::chrono::seconds linger_for{2};
constexpr std::size_t linger_bytes_max = 1 << 20;

int status_of_refusal(const Error& error) {
  if (error.kind == ErrorKind::timed_out) {
    return 408;
  }
  return error.code >= 400 && error.code < 600 ? error.code : 400;
}

}  // namespace

std::unique_ptr<RequestMemory> RequestMemoryPool::take() {
  if (kept_.empty()) {
    return std::make_unique<RequestMemory>();
  }
  std::unique_ptr<RequestMemory> memory = std::move(kept_.back());
  kept_.pop_back();
  return memory;
}

void RequestMemoryPool::give_back(std::unique_ptr<RequestMemory> memory) {
  if (kept_.size() < kept_max) {
    kept_.push_back(std::move(memory));
  }
}

DownstreamConnection::DownstreamConnection(io::EventLoop& loop, RequestMemoryPool& memory_pool, Service& service,
                                           io::PeerIp peer)
    : loop_(loop),
      memory_pool_(memory_pool),
      service_(service),
      stream_(loop, Side::downstream),
      peer_(peer),
      peer_ip_(peer.text()) {}

DownstreamConnection::~DownstreamConnection() {
  if (memory_) {
    memory_pool_.give_back(std::move(memory_));
  }
}

void DownstreamConnection::drain() {
  draining_ = true;
  if (waiting_) {
    stream_.cancel_read();
  }
}

void DownstreamConnection::abort() {
  draining_ = true;
  stream_.close();
  if (to_tell_ != nullptr) {
    to_tell_->client_gone();
  }
}

io::Task<> DownstreamConnection::run(int descriptor) {
  const Result<void> attached = stream_.attach(descriptor);
  if (!attached) {
    co_return;
  }
  broken_watch_.context = this;
  broken_watch_.on_broken = [](io::BrokenWatch& watch) {
    auto& connection = *static_cast<DownstreamConnection*>(watch.context);
    if (connection.to_tell_ != nullptr) {
      connection.to_tell_->client_gone();
    }
  };
  broken_watch_.start();
  Next next = Next::request;
  while (next == Next::request) {
    if (!keep_pipelined()) {
      waiting_ = true;
      const bool is_there = (co_await stream_.readable(patience_ends())).has_value();
      waiting_ = false;
      if (!is_there || draining_) {
        break;
      }
    }
    next = co_await read_head();
    if (next != Next::request) {
      break;
    }
    const Served served = co_await service_.serve(*this);
    served_one_ = true;
    memory_pool_.give_back(std::move(memory_));
    next = after(served);
  }
  if (next == Next::close_after_linger && stream_.is_open()) {
    co_await linger();
  }
  stream_.close();
}

DownstreamConnection::Next DownstreamConnection::after(Served served) const {
  switch (served) {
    case Served::keep_open: return draining_ ? Next::close_now : Next::request;
    case Served::close_unread: return Next::close_after_linger;
    case Served::close:
    case Served::broken: return Next::close_now;
  }
  return Next::close_now;
}

/// True: bytes of the next request came with the last one's. Else the buffer is given back.
bool DownstreamConnection::keep_pipelined() {
  if (buffer_.empty()) {
    buffer_.reset();
    return false;
  }
  buffer_.compact();
  return true;
}

io::TimePoint DownstreamConnection::patience_ends() const {
  const ConnectionPolicy policy = service_.policy();
  return loop_.now() + (served_one_ ? policy.keep_alive : policy.header);
}

io::Task<DownstreamConnection::Next> DownstreamConnection::read_head() {
  request_began_ = loop_.now();
  const ConnectionPolicy policy = service_.policy();
  const io::TimePoint deadline = request_began_ + policy.header;
  memory_ = memory_pool_.take();
  if (!buffer_.has_memory()) {
    buffer_ = loop_.buffers().take();
  }
  http::RequestHeadParser parser(policy.limits, memory_->request);
  while (true) {
    const http::ParseStatus status = parser.parse(buffer_.bytes());
    if (status == http::ParseStatus::complete) {
      buffer_.skip(memory_->request.size);
      co_return Next::request;
    }
    if (status == http::ParseStatus::failed) {
      co_return co_await refuse(parser.error());
    }
    if (buffer_.space().empty()) {
      // The parser refuses a head beyond its limit before more room than this is needed.
      loop_.buffers().grow(buffer_, policy.limits.head + io::BufferPool::standard_bytes);
      parser.restart();
    }
    const Result<std::size_t> count = co_await stream_.read(buffer_.space(), deadline);
    const bool is_late = !count && count.error().kind == ErrorKind::timed_out && parser.started();
    if (is_late) {
      co_return co_await refuse(count.error());
    }
    const bool is_gone = !count || *count == 0;
    if (is_gone) {
      co_return Next::close_now;
    }
    buffer_.added(*count);
  }
}

io::Task<DownstreamConnection::Next> DownstreamConnection::refuse(Error error) {
  const int status = status_of_refusal(error);
  const std::string_view detail =
      error.kind == ErrorKind::timed_out ? "the request's head took too long to arrive" : error.detail;
  std::string answer;
  http::append_problem(
      answer, http::Problem{.status = status, .detail = detail, .allow = {}, .date = service_.date(), .close = true});
  service_.refused(error, status);
  const Result<void> written = co_await write(answer);
  co_return written ? Next::close_after_linger : Next::close_now;
}

io::Task<Result<void>> DownstreamConnection::write(std::string_view bytes) {
  const Result<std::size_t> written = co_await stream_.write(bytes, loop_.now() + service_.policy().write);
  if (!written) {
    co_return written.error();
  }
  co_return Result<void>();
}

io::Task<> DownstreamConnection::linger() {
  stream_.shutdown_send();
  const io::TimePoint deadline = loop_.now() + linger_for;
  buffer_ = loop_.buffers().take();
  for (std::size_t dropped = 0; dropped < linger_bytes_max && stream_.is_open();) {
    buffer_.clear();
    const Result<std::size_t> count = co_await stream_.read(buffer_.space(), deadline);
    if (!count || *count == 0) {
      co_return;
    }
    dropped += *count;
  }
}

}  // namespace fairlead::proxy
