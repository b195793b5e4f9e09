#include "io/socket_calls.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <span>

namespace fairlead::io {
namespace {

void set_flag(int descriptor, int level, int name) {
  const int on = 1;
  ::setsockopt(descriptor, level, name, &on, sizeof on);
}

/// The kernel takes a single piece more cheaply than a list: small ones are joined first.
constexpr std::size_t joined_max = 1024;

std::size_t size_of(std::span<const iovec> pieces) {
  std::size_t size = 0;
  for (const iovec& piece : pieces) {
    size += piece.iov_len;
  }
  return size;
}

ssize_t send_joined(int descriptor, std::span<const iovec> pieces) {
  std::array<char, joined_max> joined;
  char* end = joined.data();
  for (const iovec& piece : pieces) {
    end = std::copy_n(static_cast<const char*>(piece.iov_base), piece.iov_len, end);
  }
  return ::send(descriptor, joined.data(), static_cast<std::size_t>(end - joined.data()), MSG_NOSIGNAL);
}

ssize_t send_once(const Operation& operation) {
  if (operation.vector_count == 1) {
    return ::send(operation.socket->descriptor, operation.vectors->iov_base, operation.vectors->iov_len, MSG_NOSIGNAL);
  }
  const std::span<const iovec> pieces(operation.vectors, operation.vector_count);
  if (size_of(pieces) <= joined_max) {
    return send_joined(operation.socket->descriptor, pieces);
  }
  msghdr message{};
  message.msg_iov = operation.vectors;
  message.msg_iovlen = std::min<std::size_t>(operation.vector_count, IOV_MAX);
  return ::sendmsg(operation.socket->descriptor, &message, MSG_NOSIGNAL);
}

}  // namespace

int open_socket(Socket& socket, const Address& address) {
  const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return -errno;
  }
  if (address.family() != AF_UNIX) {
    set_flag(descriptor, IPPROTO_TCP, TCP_NODELAY);
  }
  socket = Socket{};
  socket.descriptor = descriptor;
  return 0;
}

int open_listening_socket(Socket& socket, Address& address, int backlog) {
  const int failed = open_socket(socket, address);
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
  return 0;
}

void adopt_socket(Socket& socket, int descriptor) {
  set_flag(descriptor, IPPROTO_TCP, TCP_NODELAY);
  socket = Socket{};
  socket.descriptor = descriptor;
  socket.maybe_readable = true;
  socket.maybe_writable = true;
}

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

void count_sent(Operation& operation, std::size_t count) {
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

bool try_send(Operation& operation) {
  Socket& socket = *operation.socket;
  while (operation.vector_count > 0) {
    const ssize_t count = send_once(operation);
    if (count >= 0) {
      count_sent(operation, static_cast<std::size_t>(count));
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

bool try_connect(Operation& operation) {
  if (::connect(operation.socket->descriptor, operation.address->get(), operation.address->length()) == 0) {
    operation.result = 0;
    return true;
  }
  if (errno == EINPROGRESS || errno == EINTR) {
    return false;
  }
  operation.result = -errno;
  return true;
}

void connect_outcome(Operation& operation) {
  int fault = 0;
  socklen_t length = sizeof fault;
  ::getsockopt(operation.socket->descriptor, SOL_SOCKET, SO_ERROR, &fault, &length);
  operation.result = -fault;
}

bool has_news(Socket& socket) {
  char byte = 0;
  if (::recv(socket.descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
    socket.maybe_readable = false;
    return false;
  }
  return true;
}

}  // namespace fairlead::io
