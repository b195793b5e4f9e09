#include "io/epoll_engine.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.hpp"
#include "io/socket_calls.hpp"

namespace fairlead::io {
namespace {

bool is_worth_a_try(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::accept:
    case OperationKind::receive:
    case OperationKind::readable: return operation.socket->maybe_readable;
    case OperationKind::connect:
    case OperationKind::send: return operation.socket->maybe_writable;
    case OperationKind::broken: return operation.socket->is_broken;
  }
  return true;
}

bool try_readable(Operation& operation, bool heard) {
  operation.result = 0;
  return heard || operation.socket->hung_up || has_news(*operation.socket);
}

bool try_now(Operation& operation, bool started) {
  switch (operation.kind) {
    case OperationKind::accept: return try_accept(operation);
    case OperationKind::receive: return try_receive(operation);
    case OperationKind::send: return try_send(operation);
    case OperationKind::connect: connect_outcome(operation); return true;
    case OperationKind::readable: return try_readable(operation, started);
    case OperationKind::broken: operation.result = 0; return operation.socket->is_broken;
  }
  return true;
}

}  // namespace

EpollEngine::EpollEngine() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the only event without a socket
  if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    failure_ = errno;
  }
}

EpollEngine::~EpollEngine() {
  for (const int descriptor : {epoll_, wake_}) {
    if (descriptor >= 0) {
      ::close(descriptor);
    }
  }
}

int EpollEngine::watch(Socket& socket) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &socket;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.descriptor, &event) != 0) {
    const int fault = errno;
    ::close(socket.descriptor);
    socket = Socket{};
    return -fault;
  }
  return 0;
}

int EpollEngine::open(Socket& socket, const Address& address) {
  // Registered by connect: before that, epoll would report a socket that isn't connected as hung up.
  return open_socket(socket, address);
}

int EpollEngine::listen(Socket& socket, Address& address, int backlog) {
  const int failed = open_listening_socket(socket, address, backlog);
  return failed != 0 ? failed : watch(socket);
}

int EpollEngine::attach(Socket& socket, int descriptor) {
  adopt_socket(socket, descriptor);
  return watch(socket);
}

void EpollEngine::close(Socket& socket) {
  for (Operation** slot : {&socket.reader, &socket.writer, &socket.watcher}) {
    if (*slot != nullptr) {
      cancel(**slot);
    }
  }
  if (socket.is_open()) {
    ::close(socket.descriptor);  // leaves the epoll set with its last descriptor
    socket.descriptor = -1;
  }
}

void EpollEngine::shutdown_send(Socket& socket) {
  if (socket.is_open()) {
    ::shutdown(socket.descriptor, SHUT_WR);
  }
}

bool EpollEngine::is_quiet(Socket& socket, bool ask_kernel) {
  if (socket.hung_up) {
    return false;
  }
  if (!socket.maybe_readable && !ask_kernel) {
    return true;
  }
  return !has_news(socket);
}

bool EpollEngine::start_connect(Operation& operation) {
  Socket& socket = *operation.socket;
  const bool done = try_connect(operation);
  if (done && operation.result != 0) {
    return true;
  }
  const int failed = watch(socket);
  if (failed != 0) {
    operation.result = failed;
    return true;
  }
  if (!done) {
    socket.writer = &operation;
  } else {
    socket.maybe_writable = true;
  }
  return done;
}

bool EpollEngine::submit(Operation& operation) {
  Socket& socket = *operation.socket;
  operation.sent = 0;
  if (!socket.is_open()) {
    operation.result = -ECANCELED;
    return true;
  }
  if (operation.kind == OperationKind::connect) {
    return start_connect(operation);
  }
  Operation*& slot = slot_of(operation);
  check(slot == nullptr, "two operations of one direction on a socket");
  if (is_worth_a_try(operation) && try_now(operation, false)) {
    return true;
  }
  slot = &operation;
  return false;
}

void EpollEngine::cancel(Operation& operation) {
  Operation*& slot = slot_of(operation);
  if (slot == &operation) {
    slot = nullptr;
    operation.result = -ECANCELED;
    completed_.push(operation);
  }
}

void EpollEngine::try_parked(Operation*& slot) {
  Operation* operation = slot;
  if (operation != nullptr && try_now(*operation, true)) {
    slot = nullptr;
    completed_.push(*operation);
  }
}

void EpollEngine::on_event(Socket& socket, std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    socket.hung_up = true;
  }
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    socket.is_broken = true;
    try_parked(socket.watcher);
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    socket.maybe_readable = true;
    try_parked(socket.reader);
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    socket.maybe_writable = true;
    try_parked(socket.writer);
  }
}

void EpollEngine::wait(TimePoint until) {
  int timeout_ms = 0;
  if (completed_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      std::uint64_t ignored = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_, &ignored, sizeof ignored);
    } else {
      on_event(*static_cast<Socket*>(event.data.ptr), event.events);
    }
  }
}

void EpollEngine::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

}  // namespace fairlead::io
