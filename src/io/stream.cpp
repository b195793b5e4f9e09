#include "io/stream.hpp"

#include <cerrno>
#include <utility>

namespace fairlead::io {

Error error_of(int error_number, Side side) {
  const auto made = [&](ErrorKind kind, std::string_view detail) { return Error{kind, side, error_number, detail}; };
  switch (error_number) {
    case ECONNRESET:
    case EPIPE: return made(ErrorKind::reset, "the peer broke the connection");
    case ECONNREFUSED: return made(ErrorKind::refused, "nobody listens there");
    case ENOENT: return made(ErrorKind::refused, "the socket's path doesn't exist");
    case ENETUNREACH:
    case EHOSTUNREACH: return made(ErrorKind::refused, "no route to the host");
    case ETIMEDOUT: return made(ErrorKind::timed_out, "the network gave up");
    case EKEYREJECTED: return made(ErrorKind::refused, "the peer's certificate isn't trusted");
    case EPROTO: return made(ErrorKind::malformed, "the peer broke the rules of TLS");
    case ECANCELED: return made(ErrorKind::cancelled, "stopped");
    case EMFILE:
    case ENFILE: return made(ErrorKind::exhausted, "no descriptor left");
    case ENOBUFS:
    case ENOMEM: return made(ErrorKind::exhausted, "no memory left for a socket");
    case EADDRNOTAVAIL: return made(ErrorKind::exhausted, "no local port left");
    case EADDRINUSE: return made(ErrorKind::exhausted, "the address is in use");
    case EACCES:
    case EPERM: return made(ErrorKind::refused, "not permitted");
    default: return made(ErrorKind::unexpected, "the kernel refused");
  }
}

Stream::Waiting::Waiting(Stream& stream, OperationKind kind, std::span<iovec> pieces, TimePoint deadline)
    : stream_(stream), deadline_(deadline) {
  operation_.kind = kind;
  operation_.vectors = pieces.data();
  operation_.vector_count = static_cast<std::uint32_t>(pieces.size());
}

Stream::Waiting::Waiting(Stream& stream, OperationKind kind, iovec piece, TimePoint deadline)
    : stream_(stream), piece_(piece), deadline_(deadline) {
  operation_.kind = kind;
  operation_.vectors = &piece_;
  operation_.vector_count = 1;
}

Stream::Waiting::Waiting(Stream& stream, std::span<iovec> pieces, std::chrono::milliseconds patience)
    : Waiting(stream, OperationKind::send, pieces, stream.loop_.now() + patience) {
  patience_ = patience;
}

void Stream::Waiting::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  (writes() ? stream_.writing_ : stream_.reading_) = this;
  if (is_postponed_) {
    postpone();
  } else {
    park();
  }
}

void Stream::Waiting::park() {
  operation_.context = this;
  operation_.on_complete = [](Operation& operation) { static_cast<Waiting*>(operation.context)->waiter_.resume(); };
  timer_.context = this;
  timer_.on_expiry = expire;
  sent_when_armed_ = operation_.sent;
  stream_.loop_.timers().arm(timer_, deadline_);
}

void Stream::Waiting::postpone() {
  next_turn_.context = this;
  next_turn_.on_end = [](EndOfTurn& hook) {
    auto& waiting = *static_cast<Waiting*>(hook.context);
    waiting.is_postponed_ = false;
    waiting.stream_.tries_ = 0;
    if (waiting.is_cancelled_) {
      waiting.operation_.result = -ECANCELED;
    } else if (!waiting.stream_.start(waiting.operation_)) {
      waiting.park();
      return;
    }
    waiting.waiter_.resume();
  };
  stream_.loop_.at_end_of_turn(next_turn_);
}

void Stream::Waiting::cancel() {
  if (is_postponed_) {
    is_cancelled_ = true;
  } else {
    stream_.cancel(operation_);
  }
}

void Stream::Waiting::expire(Timer& timer) {
  auto& waiting = *static_cast<Waiting*>(timer.context);
  const std::int64_t sent = waiting.operation_.sent;
  if (waiting.patience_.count() > 0 && std::exchange(waiting.sent_when_armed_, sent) != sent) {
    EventLoop& loop = waiting.stream_.loop_;
    loop.timers().arm(timer, loop.now() + waiting.patience_);
    return;
  }
  waiting.timed_out_ = true;
  waiting.stream_.cancel(waiting.operation_);
}

Result<std::size_t> Stream::Waiting::await_resume() {
  timer_.cancel();
  if (waiter_) {
    (writes() ? stream_.writing_ : stream_.reading_) = nullptr;
  }
  if (operation_.result >= 0) [[likely]] {
    const auto bytes = static_cast<std::size_t>(operation_.result);
    if (!writes()) {
      stream_.count_read(bytes);
    }
    return bytes;
  }
  if (timed_out_ && operation_.result == -ECANCELED) {
    return Error{ErrorKind::timed_out, stream_.side_, ETIMEDOUT, "the deadline passed"};
  }
  return error_of(static_cast<int>(-operation_.result), stream_.side_);
}

Stream::Waiting Stream::read(std::span<char> memory, TimePoint deadline) {
  return {*this, OperationKind::receive, iovec{memory.data(), memory.size()}, deadline};
}

Stream::Waiting Stream::readable(TimePoint deadline) {
  return {*this, OperationKind::readable, std::span<iovec>{}, deadline};
}

Stream::Waiting Stream::write(std::string_view bytes, TimePoint deadline) {
  return {*this, OperationKind::send, iovec{const_cast<char*>(bytes.data()), bytes.size()}, deadline};
}

void Stream::cancel_read() {
  if (reading_ != nullptr) {
    reading_->cancel();
  }
}

void Stream::cancel_write() {
  if (writing_ != nullptr) {
    writing_->cancel();
  }
}

Stream::Waiting Stream::write(std::span<iovec> pieces, TimePoint deadline) {
  return {*this, OperationKind::send, pieces, deadline};
}

Stream::Waiting Stream::write_patiently(std::span<iovec> pieces, std::chrono::milliseconds patience) {
  return {*this, pieces, patience};
}

void BrokenWatch::start() {
  operation_.kind = OperationKind::broken;
  operation_.context = this;
  operation_.on_complete = [](Operation& operation) {
    auto& watch = *static_cast<BrokenWatch*>(operation.context);
    watch.is_watching_ = false;
    if (operation.result == 0) {
      watch.on_broken(watch);
    }
  };
  is_watching_ = true;
  if (stream_.start(operation_)) {
    operation_.on_complete(operation_);
  }
}

void BrokenWatch::stop() {
  if (std::exchange(is_watching_, false)) {
    stream_.cancel(operation_);
    stream_.loop().engine().completed().remove(operation_);
  }
}

Result<void> PlainStream::attach(int descriptor) {
  const int failed = loop().engine().attach(socket_, descriptor);
  return failed == 0 ? Result<void>() : Result<void>(error_of(-failed, side()));
}

Result<void> PlainStream::open(const Address& address) {
  const int failed = loop().engine().open(socket_, address);
  return failed == 0 ? Result<void>() : Result<void>(error_of(-failed, side()));
}

Stream::Waiting PlainStream::connect(Address& address, TimePoint deadline) {
  connecting_to_ = &address;
  return {*this, OperationKind::connect, std::span<iovec>{}, deadline};
}

void PlainStream::shutdown_send() {
  loop().engine().shutdown_send(socket_);
}

void PlainStream::close() {
  if (socket_.is_open()) {
    loop().engine().close(socket_);
  }
}

bool PlainStream::is_quiet(bool ask_kernel) {
  return socket_.is_open() && loop().engine().is_quiet(socket_, ask_kernel);
}

bool PlainStream::start(Operation& operation) {
  operation.socket = &socket_;
  operation.address = connecting_to_;
  return loop().engine().submit(operation);
}

void PlainStream::cancel(Operation& operation) {
  loop().engine().cancel(operation);
}

}  // namespace fairlead::io
