#include "io/listener.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/stream.hpp"

namespace fairlead::io {
namespace {

/// An errno of bind or listen, where some mean something else than at a connection.
Error listen_error(int error_number) {
  const auto made = [error_number](ErrorKind kind, std::string_view detail) {
    return Error{kind, Side::internal, error_number, detail};
  };
  switch (error_number) {
    case EADDRNOTAVAIL: return made(ErrorKind::unavailable, "no interface of this machine has the address");
    case EAFNOSUPPORT: return made(ErrorKind::unavailable, "this machine has no addresses of that family");
    default: return error_of(error_number, Side::internal);
  }
}

}  // namespace

Listener::Listener(EventLoop& loop, const Log& log, OnConnection on_connection)
    : loop_(loop), log_(log), on_connection_(std::move(on_connection)) {
  operation_.kind = OperationKind::accept;
  operation_.socket = &socket_;
  operation_.address = &peer_;
  operation_.context = this;
  operation_.on_complete = on_accepted;
  retry_.context = this;
  retry_.on_expiry = [](Timer& timer) { static_cast<Listener*>(timer.context)->accept_more(); };
  more_.context = this;
  more_.on_end = [](EndOfTurn& hook) { static_cast<Listener*>(hook.context)->accept_more(); };
}

Result<void> Listener::probe(const Address& address) {
  const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return listen_error(errno);
  }
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int fault = ::bind(descriptor, address.get(), address.length()) == 0 ? 0 : errno;
  ::close(descriptor);
  return fault == 0 ? Result<void>() : Result<void>(listen_error(fault));
}

Result<void> Listener::open(const Address& address) {
  address_ = address;
  paused_ = false;
  const int failed = loop_.engine().listen(socket_, address_, backlog);
  return failed == 0 ? Result<void>() : Result<void>(listen_error(-failed));
}

void Listener::start() {
  accept_more();
}

void Listener::pause() {
  paused_ = true;
  if (accepting_) {
    loop_.engine().cancel(operation_);
  }
}

void Listener::resume() {
  paused_ = false;
  accept_more();
}

void Listener::close() {
  paused_ = true;
  retry_.cancel();
  if (socket_.is_open()) {
    loop_.engine().close(socket_);
  }
  if (accepting_) {
    accepting_ = false;
    loop_.engine().completed().remove(operation_);  // the listener may be gone before its turn comes
    drop_accepted();
  }
}

void Listener::drop_accepted() {
  Socket unwanted;
  if (operation_.result >= 0 && loop_.engine().attach(unwanted, static_cast<int>(operation_.result)) == 0) {
    loop_.engine().close(unwanted);
  }
}

void Listener::accept_more() {
  for (int accepts = 0; accepts < accepts_per_turn_max; ++accepts) {
    if (accepting_ || paused_ || retry_.is_armed() || !socket_.is_open()) {
      return;
    }
    accepting_ = true;
    if (!loop_.engine().submit(operation_)) {
      return;
    }
    accepting_ = false;
    accepted();
  }
  loop_.at_end_of_turn(more_);  // the rest of the queue after what else is to do
}

void Listener::on_accepted(Operation& operation) {
  auto& listener = *static_cast<Listener*>(operation.context);
  listener.accepting_ = false;
  listener.accepted();
  listener.accept_more();
}

void Listener::accepted() {
  if (operation_.result >= 0) {
    said_exhausted_ = false;
    on_connection_(static_cast<int>(operation_.result), peer_);
    return;
  }
  if (operation_.result == -ECANCELED || !socket_.is_open()) {
    return;
  }
  if (!said_exhausted_) {
    said_exhausted_ = true;
    log_.warn("accept failed, trying again",
              {{"listener", address_.text()}, {"reason", std::strerror(static_cast<int>(-operation_.result))}});
  }
  loop_.timers().arm(retry_, loop_.now() + pause_when_exhausted);
}

}  // namespace fairlead::io
