// What the bench programs share: loopback sockets, and as much of HTTP/1.1 as tells where a message ends. Used by
// relay, backend and load, each with one thread. Not a parser to trust: it reads only what these programs and the
// proxies between them write. Views point into the caller's buffer and are never kept.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
    std::fprintf(stderr, "'%.*s' is no port\n", static_cast<int>(text.size()), text.data());
    std::exit(2);
  }
  return port;
}

inline int tcp_socket() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) {
    die("socket");
  }
  const int on = 1;
  setsockopt(socket_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket_fd;
}

inline int listen_on(std::uint16_t port) {
  const int listener = tcp_socket();
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener, 4096) != 0) {
    die("listen");
  }
  return listener;
}

/// A connection under way: writes answer EAGAIN until it stands, EPOLLOUT or EPOLLERR says how it went.
inline int connect_to(std::uint16_t port) {
  const int socket_fd = tcp_socket();
  const sockaddr_in address = loopback(port);
  if (connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    die("connect");
  }
  return socket_fd;
}

/// -1 when nobody waits.
inline int accept_one(int listener) {
  const int socket_fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket_fd < 0) {
    if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
      die("accept");
    }
    return -1;
  }
  const int on = 1;
  setsockopt(socket_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket_fd;
}

inline void watch(int epoll, int socket_fd, std::uint32_t events, void* owner) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = owner;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket_fd, &event) != 0) {
    die("epoll_ctl");
  }
}

inline constexpr std::uint32_t both_ways_on_edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/// What a head says about its message. `size` counts the empty line.
struct Head {
  std::size_t size = 0;
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool close = false;
};

namespace detail {

inline bool starts_with_nocase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(), [](char want, char got) {
           return want == (got >= 'A' && got <= 'Z' ? static_cast<char>(got + ('a' - 'A')) : got);
         });
}

inline std::string_view value_of(std::string_view line, std::size_t name_size) {
  line.remove_prefix(name_size);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line;
}

inline void note_field(Head& head, std::string_view line) {
  constexpr std::string_view content_length = "content-length:";
  constexpr std::string_view transfer_encoding = "transfer-encoding:";
  constexpr std::string_view connection = "connection:";
  if (starts_with_nocase(line, content_length)) {
    const std::string_view value = value_of(line, content_length.size());
    std::from_chars(value.data(), value.data() + value.size(), head.content_length);
  } else if (starts_with_nocase(line, transfer_encoding)) {
    head.chunked = starts_with_nocase(value_of(line, transfer_encoding.size()), "chunked");
  } else if (starts_with_nocase(line, connection)) {
    head.close = starts_with_nocase(value_of(line, connection.size()), "close");
  }
}

}  // namespace detail

/// Nothing until the empty line is there.
inline std::optional<Head> find_head(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  Head head{.size = end + 4};
  std::size_t line = bytes.find("\r\n") + 2;
  while (line < end) {
    const std::size_t line_end = bytes.find("\r\n", line);
    const char first = static_cast<char>(bytes[line] | 0x20);
    if (first == 'c' || first == 't') {
      detail::note_field(head, bytes.substr(line, line_end - line));
    }
    line = line_end + 2;
  }
  return head;
}

/// Walks over a body of either framing, however it is cut into pieces, and counts the payload.
class BodyWalk {
 public:
  BodyWalk() = default;
  explicit BodyWalk(const Head& head)
      : state_(head.chunked               ? State::size_line
               : head.content_length == 0 ? State::done
                                          : State::plain),
        left_(head.chunked ? 0 : head.content_length) {}

  bool done() const { return state_ == State::done; }
  bool broken() const { return state_ == State::broken; }
  std::uint64_t payload() const { return payload_; }

  /// How many of `bytes` belong to the body; the rest is the next message's.
  std::size_t feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && state_ != State::done && state_ != State::broken) {
      if (state_ == State::plain || state_ == State::chunk) {
        used += take_payload(bytes.size() - used);
      } else {
        step(bytes[used]);
        ++used;
      }
    }
    return used;
  }

 private:
  enum class State : std::uint8_t { done, broken, plain, size_line, extension, chunk, chunk_end, trailer };

  std::size_t take_payload(std::size_t available) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(available, left_));
    payload_ += taken;
    left_ -= taken;
    if (left_ == 0) {
      state_ = state_ == State::plain ? State::done : State::chunk_end;
    }
    return taken;
  }

  void step(char byte) {
    switch (state_) {
      case State::size_line:
      case State::extension: step_size_line(byte); break;
      case State::chunk_end:
        if (byte == '\n') {
          state_ = State::size_line;
        }
        break;
      case State::trailer: step_trailer(byte); break;
      default: break;
    }
  }

  void step_size_line(char byte) {
    if (byte == '\n') {
      state_ = left_ == 0 ? State::trailer : State::chunk;
      trailer_line_empty_ = true;
    } else if (byte == ';' || byte == '\r' || byte == ' ') {
      state_ = State::extension;
    } else if (state_ == State::size_line) {
      unsigned digit = 0;
      if (std::from_chars(&byte, &byte + 1, digit, 16).ec != std::errc{}) {
        state_ = State::broken;
      }
      left_ = left_ * 16 + digit;
    }
  }

  void step_trailer(char byte) {
    if (byte == '\n') {
      state_ = trailer_line_empty_ ? State::done : State::trailer;
      trailer_line_empty_ = true;
    } else if (byte != '\r') {
      trailer_line_empty_ = false;
    }
  }

  State state_ = State::done;
  bool trailer_line_empty_ = true;
  std::uint64_t left_ = 0;
  std::uint64_t payload_ = 0;
};

}  // namespace bench
