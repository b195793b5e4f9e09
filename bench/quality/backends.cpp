// Backends that are queues: each port has so many workers that serve one request at a time, first come first served,
// for the time that the request's number gives (service.hpp). Times pass in timers, no processor is burnt.
// `quality_backends --service-ms MS --workers N [--seed N] PORT[:SPEED]...`; a speed of 2 halves its times.
#include <getopt.h>
#include <sys/timerfd.h>

#include <array>
#include <csignal>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "../wire.hpp"
#include "service.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Place;

struct Connection {
  int socket = -1;
  Place* place = nullptr;  ///< of a listener and of a connection
  bool is_listener = false;
  bool is_broken = false;  ///< to be deleted once nothing waits for it
  std::uint32_t waits = 0;
  std::string carry;
};

struct Job {
  Connection* connection;
  std::uint64_t number;
};

struct Place {
  double speed = 1;
  unsigned busy = 0;
  std::deque<Job> queue;
};

struct Finish {
  Clock::time_point at;
  Place* place;
  Connection* connection;
  bool operator>(const Finish& other) const { return at > other.at; }
};

class Backends {
 public:
  Backends(double service_ms, unsigned workers, std::uint64_t seed)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
        mean_ns_(service_ms * 1e6),
        workers_(workers),
        seed_(seed) {
    bench::watch(epoll_, timer_, EPOLLIN, nullptr);
  }

  void add(std::uint16_t port, double speed) {
    places_.push_back(std::make_unique<Place>());
    places_.back()->speed = speed;
    auto* listener = new Connection;
    listener->socket = bench::listen_on(port);
    listener->place = places_.back().get();
    listener->is_listener = true;
    bench::watch(epoll_, listener->socket, EPOLLIN, listener);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int at = 0; at < count; ++at) {
        auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(at)].data.ptr);
        if (connection == nullptr) {
          std::uint64_t ignored = 0;
          [[maybe_unused]] const ssize_t got = read(timer_, &ignored, sizeof ignored);
        } else if (connection->is_listener) {
          accept_all(*connection);
        } else {
          take(*connection);
        }
      }
      finish_due();
    }
  }

 private:
  void accept_all(const Connection& listener) {
    for (int socket = bench::accept_one(listener.socket); socket >= 0; socket = bench::accept_one(listener.socket)) {
      auto* connection = new Connection;
      connection->socket = socket;
      connection->place = listener.place;
      bench::watch(epoll_, socket, EPOLLIN | EPOLLRDHUP, connection);
    }
  }

  void take(Connection& connection) {
    std::array<char, 16 * 1024> bytes;
    const ssize_t got = recv(connection.socket, bytes.data(), bytes.size(), 0);
    if (got <= 0) {
      if (got == 0 || errno != EAGAIN) {
        drop(connection);
      }
      return;
    }
    connection.carry.append(bytes.data(), static_cast<std::size_t>(got));
    while (const std::optional<bench::Head> head = bench::find_head(connection.carry)) {
      begin(connection, number_in(connection.carry));
      connection.carry.erase(0, head->size + head->content_length);
    }
  }

  /// `GET /N HTTP/1.1`
  static std::uint64_t number_in(const std::string& head) {
    std::uint64_t number = 0;
    const std::size_t begin = head.find('/') + 1;
    std::from_chars(head.data() + begin, head.data() + head.size(), number);
    return number;
  }

  void begin(Connection& connection, std::uint64_t number) {
    ++connection.waits;
    Place& place = *connection.place;
    if (place.busy < workers_) {
      serve(place, {&connection, number}, Clock::now());
    } else {
      place.queue.push_back({&connection, number});
    }
  }

  void serve(Place& place, Job job, Clock::time_point from) {
    ++place.busy;
    const auto time = bench::quality::exponential(bench::quality::work_of(job.number, seed_), mean_ns_ / place.speed);
    finishes_.push({from + time, &place, job.connection});
    arm();
  }

  void finish_due() {
    while (!finishes_.empty() && finishes_.top().at <= Clock::now()) {
      const Finish done = finishes_.top();
      finishes_.pop();
      answer(*done.connection);
      Place& place = *done.place;
      --place.busy;
      if (!place.queue.empty()) {
        const Job next = place.queue.front();
        place.queue.pop_front();
        serve(place, next, done.at);  // from when the worker was free, so that late timers don't add up
      }
    }
    arm();
  }

  void answer(Connection& connection) {
    constexpr std::string_view text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    --connection.waits;
    if (!connection.is_broken) {
      [[maybe_unused]] const ssize_t sent = send(connection.socket, text.data(), text.size(), MSG_NOSIGNAL);
    } else if (connection.waits == 0) {
      delete &connection;
    }
  }

  void drop(Connection& connection) {
    close(connection.socket);
    connection.is_broken = true;
    if (connection.waits == 0) {
      delete &connection;
    }
  }

  void arm() {
    if (finishes_.empty() || finishes_.top().at == armed_) {
      return;
    }
    armed_ = finishes_.top().at;
    const auto since = std::max<std::int64_t>(1, armed_.time_since_epoch().count());
    itimerspec when{};
    when.it_value.tv_sec = since / 1'000'000'000;
    when.it_value.tv_nsec = since % 1'000'000'000;
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  int epoll_;
  int timer_;
  double mean_ns_;
  unsigned workers_;
  std::uint64_t seed_;
  std::vector<std::unique_ptr<Place>> places_;
  std::priority_queue<Finish, std::vector<Finish>, std::greater<>> finishes_;
  Clock::time_point armed_{};
};

struct Options {
  double service_ms = 0;
  unsigned workers = 0;
  std::uint64_t seed = 1;
};

[[noreturn]] void usage() {
  std::fputs("usage: quality_backends --service-ms MS --workers N [--seed N] PORT[:SPEED]...\n", stderr);
  std::exit(2);
}

Options options_of(int argc, char** argv) {
  constexpr std::array<option, 4> known{{{"service-ms", required_argument, nullptr, 't'},
                                         {"workers", required_argument, nullptr, 'w'},
                                         {"seed", required_argument, nullptr, 's'},
                                         {nullptr, 0, nullptr, 0}}};
  Options options;
  for (int key = 0; (key = getopt_long(argc, argv, "", known.data(), nullptr)) != -1;) {
    switch (key) {
      case 't': options.service_ms = std::strtod(optarg, nullptr); break;
      case 'w': options.workers = static_cast<unsigned>(std::strtoul(optarg, nullptr, 10)); break;
      case 's': options.seed = std::strtoull(optarg, nullptr, 10); break;
      default: usage();
    }
  }
  if (options.service_ms <= 0 || options.workers == 0 || optind == argc) {
    usage();
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  const Options options = options_of(argc, argv);
  Backends backends(options.service_ms, options.workers, options.seed);
  for (int at = optind; at < argc; ++at) {
    const std::string_view word = argv[at];
    const std::size_t colon = word.find(':');
    const double speed = colon == std::string_view::npos ? 1 : std::strtod(argv[at] + colon + 1, nullptr);
    if (speed <= 0) {
      usage();
    }
    backends.add(bench::port_of(word.substr(0, colon)), speed);
  }
  backends.run();
}
