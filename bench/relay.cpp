// The floor of what a proxy costs: bytes are copied both ways between a client's connection and one of its own to the
// backend, and nothing is parsed. One thread, edge-triggered epoll, every write tried first, a short read taken as
// drained. What a proxy needs above this is its own work. `relay LISTEN_PORT BACKEND_PORT...`
#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "wire.hpp"

namespace {

struct Pair;

/// One socket of a pair, and the bytes that it couldn't take yet.
struct Side {
  Pair* pair = nullptr;
  int socket = -1;
  std::string unsent;
  bool ended = false;  ///< it sent its last byte
};

struct Pair {
  Side client;
  Side backend;
  bool dead = false;

  Side& other(const Side& side) { return &side == &client ? backend : client; }
};

class Relay {
 public:
  Relay(std::uint16_t listen_port, std::vector<std::uint16_t> backend_ports)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)),
        listener_(bench::listen_on(listen_port)),
        backend_ports_(std::move(backend_ports)) {
    bench::watch(epoll_, listener_, EPOLLIN, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int at = 0; at < count; ++at) {
        serve(events[static_cast<std::size_t>(at)]);
      }
      // Only now: a later event of the same batch may still have pointed to them.
      dead_.clear();
    }
  }

 private:
  void serve(const epoll_event& event) {
    if (event.data.ptr == nullptr) {
      accept_all();
      return;
    }
    Side& side = *static_cast<Side*>(event.data.ptr);
    Pair& pair = *side.pair;
    if (pair.dead) {
      return;
    }
    const bool alive = (event.events & EPOLLERR) == 0 && on_writable(side) &&
                       copy(side, (event.events & (EPOLLRDHUP | EPOLLHUP)) != 0);
    if (!alive ||
        (pair.client.ended && pair.backend.ended && pair.client.unsent.empty() && pair.backend.unsent.empty())) {
      close_pair(pair);
    }
  }

  void accept_all() {
    for (int client = bench::accept_one(listener_); client >= 0; client = bench::accept_one(listener_)) {
      auto* pair = new Pair;
      pair->client.pair = pair->backend.pair = pair;
      pair->client.socket = client;
      pair->backend.socket = bench::connect_to(backend_ports_[next_backend_++ % backend_ports_.size()]);
      bench::watch(epoll_, pair->client.socket, bench::both_ways_on_edges, &pair->client);
      bench::watch(epoll_, pair->backend.socket, bench::both_ways_on_edges, &pair->backend);
    }
  }

  /// Sends what `side` couldn't take before; once it is gone, its source is read again. False when broken.
  bool on_writable(Side& side) {
    if (side.unsent.empty()) {
      return true;
    }
    const ssize_t sent = write(side.socket, side.unsent.data(), side.unsent.size());
    if (sent < 0) {
      return errno == EAGAIN;
    }
    side.unsent.erase(0, static_cast<std::size_t>(sent));
    if (!side.unsent.empty()) {
      return true;
    }
    Side& source = side.pair->other(side);
    if (source.ended) {
      shutdown(side.socket, SHUT_WR);
      return true;
    }
    // An edge of the source may have passed while it wasn't read, its end too: read until it has no more.
    return copy(source, true);
  }

  /// Reads `from` until it has no more or the other side is full. False when the pair is broken.
  bool copy(Side& from, bool until_end) {
    Side& to = from.pair->other(from);
    while (!from.ended && to.unsent.empty()) {
      const ssize_t got = read(from.socket, buffer_.data(), buffer_.size());
      if (got < 0) {
        return errno == EAGAIN;
      }
      if (got == 0) {
        from.ended = true;
        shutdown(to.socket, SHUT_WR);
        return true;
      }
      if (!send(to, static_cast<std::size_t>(got))) {
        return false;
      }
      if (!until_end && static_cast<std::size_t>(got) < buffer_.size()) {
        return true;
      }
    }
    return true;
  }

  bool send(Side& to, std::size_t size) {
    ssize_t sent = write(to.socket, buffer_.data(), size);
    if (sent < 0) {
      if (errno != EAGAIN) {
        return false;
      }
      sent = 0;
    }
    to.unsent.append(buffer_.data() + sent, size - static_cast<std::size_t>(sent));
    return true;
  }

  void close_pair(Pair& pair) {
    pair.dead = true;
    close(pair.client.socket);
    close(pair.backend.socket);
    dead_.emplace_back(&pair);
  }

  int epoll_;
  int listener_;
  std::vector<std::uint16_t> backend_ports_;
  std::size_t next_backend_ = 0;
  std::array<char, 64UL * 1024> buffer_;
  std::vector<std::unique_ptr<Pair>> dead_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: relay LISTEN_PORT BACKEND_PORT...\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  std::vector<std::uint16_t> backend_ports;
  for (int at = 2; at < argc; ++at) {
    backend_ports.push_back(bench::port_of(argv[at]));
  }
  const auto relay = std::make_unique<Relay>(bench::port_of(argv[1]), std::move(backend_ports));
  relay->run();
}
