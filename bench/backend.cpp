// A backend that costs next to nothing, so that a bench measures the proxy. HTTP/1.1 keep-alive on one thread and any
// number of ports. Any request gets the same small 200; `/bytes/N` streams N bytes; `/upload` answers how many bytes of
// body came. `backend [--body BYTES] PORT...`
#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "wire.hpp"

namespace {

enum class Target : std::uint8_t { fixed, stream, upload };

struct Connection {
  int socket = -1;
  bool is_listener = false;
  std::string carry;   ///< read, but a head that isn't whole yet, or behind an answer under way
  std::string unsent;  ///< answers that the socket didn't take yet
  std::uint64_t stream_left = 0;
  bench::BodyWalk body;
  Target target = Target::fixed;
  std::uint64_t stream_size = 0;
  bool in_body = false;
  bool paused = false;  ///< `carry` waits for the answer under way, not for more bytes
  bool head_only = false;
  bool last_request = false;
  bool close_after = false;

  bool sending() const { return !unsent.empty() || stream_left > 0; }
};

std::string head_of(std::uint64_t content_length) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(content_length) +
         "\r\n\r\n";
}

/// The target between the first two spaces of a request line.
std::string_view target_of(std::string_view head) {
  const std::size_t begin = std::min(head.find(' ') + 1, head.size());
  return head.substr(begin, head.find_first_of(" \r", begin) - begin);
}

class Backend {
 public:
  Backend(const std::vector<std::uint16_t>& ports, std::size_t body_size)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)), fixed_head_(head_of(body_size)) {
    block_.fill('x');
    fixed_ = fixed_head_ + std::string(body_size, 'x');
    for (const std::uint16_t port : ports) {
      listeners_.push_back(std::make_unique<Connection>());
      listeners_.back()->socket = bench::listen_on(port);
      listeners_.back()->is_listener = true;
      bench::watch(epoll_, listeners_.back()->socket, EPOLLIN, listeners_.back().get());
    }
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int at = 0; at < count; ++at) {
        serve(events[static_cast<std::size_t>(at)]);
      }
    }
  }

 private:
  void serve(const epoll_event& event) {
    auto* connection = static_cast<Connection*>(event.data.ptr);
    if (connection->is_listener) {
      accept_all(connection->socket);
      return;
    }
    const bool hangup = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (!turn(*connection, hangup)) {
      close(connection->socket);
      delete connection;
    }
  }

  void accept_all(int listener) {
    for (int socket_fd = bench::accept_one(listener); socket_fd >= 0; socket_fd = bench::accept_one(listener)) {
      auto* connection = new Connection;
      connection->socket = socket_fd;
      bench::watch(epoll_, socket_fd, bench::both_ways_on_edges, connection);
    }
  }

  /// Goes on with a connection as far as it goes without waiting. False when it is over.
  bool turn(Connection& connection, bool hangup) {
    // While an answer waited, an edge of the reading side may have passed.
    const bool until_empty = hangup || connection.sending();
    bool drained = false;
    while (true) {
      if (!flush(connection)) {
        return false;
      }
      if (connection.sending()) {
        return true;  // full; EPOLLOUT comes
      }
      if (connection.close_after) {
        return false;
      }
      if (connection.paused) {
        connection.paused = false;
        consume(connection, {});
        continue;
      }
      if (drained) {
        return true;
      }
      const ssize_t got = read(connection.socket, buffer_.data(), buffer_.size());
      if (got <= 0) {
        return got < 0 && errno == EAGAIN;
      }
      drained = static_cast<std::size_t>(got) < buffer_.size() && !until_empty;
      consume(connection, {buffer_.data(), static_cast<std::size_t>(got)});
    }
  }

  void consume(Connection& connection, std::string_view bytes) {
    if (connection.carry.empty()) {
      walk(connection, bytes);
      return;
    }
    std::string whole;
    whole.swap(connection.carry);
    whole.append(bytes);
    walk(connection, whole);
  }

  void walk(Connection& connection, std::string_view bytes) {
    while (!bytes.empty()) {
      if (connection.stream_left > 0 || connection.close_after) {
        connection.paused = true;
        connection.carry.assign(bytes);
        return;
      }
      if (!connection.in_body) {
        const std::optional<bench::Head> head = bench::find_head(bytes);
        if (!head) {
          connection.carry.assign(bytes);
          return;
        }
        begin(connection, bytes.substr(0, head->size), *head);
        bytes.remove_prefix(head->size);
      }
      bytes.remove_prefix(connection.body.feed(bytes));
      if (connection.body.done()) {
        answer(connection);
      } else if (connection.body.broken()) {
        connection.unsent += "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        connection.close_after = true;
      }
    }
  }

  static void begin(Connection& connection, std::string_view text, const bench::Head& head) {
    constexpr std::string_view stream_path = "/bytes/";
    const std::string_view target = target_of(text);
    connection.body = bench::BodyWalk(head);
    connection.in_body = true;
    connection.last_request = head.close;
    connection.head_only = text.starts_with("HEAD ");
    connection.target = Target::fixed;
    if (target.starts_with(stream_path)) {
      connection.target = Target::stream;
      std::from_chars(target.data() + stream_path.size(), target.data() + target.size(), connection.stream_size);
    } else if (target == "/upload") {
      connection.target = Target::upload;
    }
  }

  void answer(Connection& connection) {
    switch (connection.target) {
      case Target::fixed: connection.unsent += connection.head_only ? fixed_head_ : fixed_; break;
      case Target::stream:
        connection.unsent += head_of(connection.stream_size);
        connection.stream_left = connection.head_only ? 0 : connection.stream_size;
        break;
      case Target::upload: {
        const std::string count = std::to_string(connection.body.payload());
        connection.unsent += head_of(count.size()) + count;
        break;
      }
    }
    connection.in_body = false;
    connection.close_after = connection.last_request;
  }

  /// False when the peer is gone.
  bool flush(Connection& connection) {
    while (connection.sending()) {
      const bool streaming = connection.unsent.empty();
      const char* from = streaming ? block_.data() : connection.unsent.data();
      const auto size = streaming
                            ? static_cast<std::size_t>(std::min<std::uint64_t>(block_.size(), connection.stream_left))
                            : connection.unsent.size();
      const ssize_t sent = write(connection.socket, from, size);
      if (sent < 0) {
        return errno == EAGAIN;
      }
      if (streaming) {
        connection.stream_left -= static_cast<std::uint64_t>(sent);
      } else {
        connection.unsent.erase(0, static_cast<std::size_t>(sent));
      }
    }
    return true;
  }

  int epoll_;
  std::string fixed_head_;
  std::string fixed_;
  std::vector<std::unique_ptr<Connection>> listeners_;
  std::array<char, 64UL * 1024> buffer_;
  std::array<char, 256UL * 1024> block_;
};

}  // namespace

int main(int argc, char** argv) {
  std::size_t body_size = 64;
  std::vector<std::uint16_t> ports;
  for (int at = 1; at < argc; ++at) {
    if (std::string_view(argv[at]) == "--body" && at + 1 < argc) {
      body_size = std::strtoull(argv[++at], nullptr, 10);
    } else {
      ports.push_back(bench::port_of(argv[at]));
    }
  }
  if (ports.empty()) {
    std::fputs("usage: backend [--body BYTES] PORT...\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  const auto backend = std::make_unique<Backend>(ports, body_size);
  backend->run();
}
