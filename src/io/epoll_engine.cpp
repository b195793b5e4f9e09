#include "io/epoll_engine.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/check.hpp"

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

void set_flag(int descriptor, int level, int name) {
  const int on = 1;
  ::setsockopt(descriptor, level, name, &on, sizeof on);
}

// Each try_* returns true when the operation has its result, false when the kernel would block.

bool try_accept(Operation& operation) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  while (true) {
    const int descriptor = ::accept4(operation.socket->descriptor, reinterpret_cast<sockaddr*>(&peer), &length,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      if (operation.address != nullptr) {
        *operation.address = Address(reinterpret_cast<sockaddr*>(&peer), length);
      }
      operation.result = descriptor;
      return true;
    }
    if (errno == EAGAIN) {
      operation.socket->maybe_readable = false;
      return false;
    }
    if (errno != EINTR && errno != ECONNABORTED) {
      operation.result = -errno;
      return true;
    }
  }
}

bool try_receive(Operation& operation) {
  Socket& socket = *operation.socket;
  const iovec& memory = operation.vectors[0];
  if (memory.iov_len == 0) {
    operation.result = -EINVAL;  // the kernel would say 0, which means the end
    return true;
  }
  while (true) {
    const ssize_t count = ::recv(socket.descriptor, memory.iov_base, memory.iov_len, 0);
    if (count >= 0) {
      // Less than asked for means drained, unless the peer's end was announced and is still to be read.
      if (count > 0 && static_cast<std::size_t>(count) < memory.iov_len && !socket.hung_up) {
        socket.maybe_readable = false;
      }
      operation.result = count;
      return true;
    }
    if (errno == EAGAIN) {
      socket.maybe_readable = false;
      return false;
    }
    if (errno != EINTR) {
      operation.result = -errno;
      return true;
    }
  }
}

/// Asks the kernel without consuming. True: bytes, the end or an error are there.
bool has_news(Socket& socket) {
  char byte = 0;
  if (::recv(socket.descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
    socket.maybe_readable = false;
    return false;
  }
  return true;
}

bool try_readable(Operation& operation, bool heard) {
  operation.result = 0;
  return heard || operation.socket->hung_up || has_news(*operation.socket);
}

void consume(Operation& operation, std::size_t count) {
  operation.sent += static_cast<std::int64_t>(count);
  while (operation.vector_count > 0 && count >= operation.vectors->iov_len) {
    count -= operation.vectors->iov_len;
    ++operation.vectors;
    --operation.vector_count;
  }
  if (count > 0) {
    operation.vectors->iov_base = static_cast<char*>(operation.vectors->iov_base) + count;
    operation.vectors->iov_len -= count;
  }
}

ssize_t send_once(const Operation& operation) {
  if (operation.vector_count == 1) {  // the kernel takes a single piece more cheaply
    return ::send(operation.socket->descriptor, operation.vectors->iov_base, operation.vectors->iov_len, MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = operation.vectors;
  message.msg_iovlen = std::min<std::size_t>(operation.vector_count, IOV_MAX);
  return ::sendmsg(operation.socket->descriptor, &message, MSG_NOSIGNAL);
}

bool try_send(Operation& operation) {
  Socket& socket = *operation.socket;
  while (operation.vector_count > 0) {
    const ssize_t count = send_once(operation);
    if (count >= 0) {
      consume(operation, static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      socket.maybe_writable = false;
      return false;
    } else if (errno != EINTR) {
      operation.result = -errno;
      return true;
    }
  }
  operation.result = operation.sent;
  return true;
}

bool try_connect(Operation& operation, bool started) {
  Socket& socket = *operation.socket;
  if (started) {
    int fault = 0;
    socklen_t length = sizeof fault;
    ::getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &fault, &length);
    operation.result = -fault;
    return true;
  }
  if (::connect(socket.descriptor, operation.address->get(), operation.address->length()) == 0) {
    operation.result = 0;
    return true;
  }
  if (errno == EINPROGRESS || errno == EINTR) {
    return false;
  }
  operation.result = -errno;
  return true;
}

bool try_now(Operation& operation, bool started) {
  switch (operation.kind) {
    case OperationKind::accept: return try_accept(operation);
    case OperationKind::receive: return try_receive(operation);
    case OperationKind::send: return try_send(operation);
    case OperationKind::connect: return try_connect(operation, started);
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
  const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return -errno;
  }
  if (address.family() != AF_UNIX) {
    set_flag(descriptor, IPPROTO_TCP, TCP_NODELAY);
  }
  socket = Socket{};
  socket.descriptor = descriptor;
  // Registered by connect: before that, epoll would report a socket that isn't connected as hung up.
  return 0;
}

int EpollEngine::listen(Socket& socket, Address& address, int backlog) {
  const int failed = open(socket, address);
  if (failed != 0) {
    return failed;
  }
  const int descriptor = socket.descriptor;
  set_flag(descriptor, SOL_SOCKET, SO_REUSEADDR);
  set_flag(descriptor, SOL_SOCKET, SO_REUSEPORT);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (::bind(descriptor, address.get(), address.length()) != 0 || ::listen(descriptor, backlog) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    const int fault = errno;
    ::close(descriptor);
    socket = Socket{};
    return -fault;
  }
  address = Address(reinterpret_cast<sockaddr*>(&bound), length);
  socket.maybe_readable = true;
  return watch(socket);
}

int EpollEngine::attach(Socket& socket, int descriptor) {
  set_flag(descriptor, IPPROTO_TCP, TCP_NODELAY);
  socket = Socket{};
  socket.descriptor = descriptor;
  socket.maybe_readable = true;  // the request often came with the connection
  socket.maybe_writable = true;
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
  const bool done = try_connect(operation, false);
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
