// Clients that don't wait for each other: requests begin at Poisson times whatever became of those before, each at an
// instance drawn at random, on a connection of its own while it lasts (idle ones are used again). A request's time
// counts from when it was meant to begin. Prints one line of JSON.
// `quality_arrivals --rate PER_S --seconds S [--warmup S] [--seed N] PORT...`
#include <getopt.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "../wire.hpp"
#include "quantile.hpp"
#include "service.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

struct Connection {
  int socket = -1;
  std::size_t instance = 0;
  bool is_waiting = false;
  bool is_counted = false;
  Clock::time_point meant{};
  std::string request;  ///< not yet sent
  std::string carry;
};

struct Plan {
  double rate = 0;
  double seconds = 0;
  double warmup = 0;
  std::uint64_t seed = 1;
  std::vector<std::uint16_t> ports;
};

class Arrivals {
 public:
  explicit Arrivals(Plan plan)
      : plan_(std::move(plan)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
        idle_(plan_.ports.size()) {
    bench::watch(epoll_, timer_, EPOLLIN, nullptr);
  }

  void run() {
    begin_ = Clock::now();
    next_ = begin_;
    counted_from_ = begin_ + seconds(plan_.warmup);
    last_ = counted_from_ + seconds(plan_.seconds);
    const Clock::time_point give_up = last_ + std::chrono::seconds(30);
    std::array<epoll_event, 256> events{};
    plan_next();
    while ((next_ < last_ || waiting_ > 0) && Clock::now() < give_up) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
      for (int at = 0; at < count; ++at) {
        const epoll_event& event = events[static_cast<std::size_t>(at)];
        if (event.data.ptr == nullptr) {
          std::uint64_t ignored = 0;
          [[maybe_unused]] const ssize_t got = read(timer_, &ignored, sizeof ignored);
        } else {
          turn(*static_cast<Connection*>(event.data.ptr));
        }
      }
      begin_due();
    }
    errors_ += waiting_;
    print();
  }

 private:
  static nanoseconds seconds(double amount) { return nanoseconds(static_cast<std::int64_t>(amount * 1e9)); }

  void plan_next() {
    next_ += bench::quality::gap_before(number_, plan_.seed, plan_.rate);
    if (next_ >= last_) {
      return;
    }
    const std::int64_t since = next_.time_since_epoch().count();
    itimerspec when{};
    when.it_value.tv_sec = since / 1'000'000'000;
    when.it_value.tv_nsec = since % 1'000'000'000;
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void begin_due() {
    while (next_ < last_ && next_ <= Clock::now()) {
      late_.push_back((Clock::now() - next_).count());
      begin_one();
      ++number_;
      plan_next();
    }
  }

  void begin_one() {
    const std::size_t instance = bench::quality::instance_of(number_, plan_.seed, plan_.ports.size());
    Connection* connection = nullptr;
    if (idle_[instance].empty()) {
      all_.push_back(std::make_unique<Connection>());
      connection = all_.back().get();
      connection->instance = instance;
      connection->socket = bench::connect_to(plan_.ports[instance]);
      bench::watch(epoll_, connection->socket, bench::both_ways_on_edges, connection);
    } else {
      connection = idle_[instance].back();
      idle_[instance].pop_back();
    }
    connection->is_waiting = true;
    connection->meant = next_;
    connection->is_counted = next_ >= counted_from_;
    connection->request = "GET /" + std::to_string(number_) + " HTTP/1.1\r\nHost: quality\r\n\r\n";
    ++waiting_;
    turn(*connection);
  }

  void turn(Connection& connection) {
    if (connection.socket < 0) {
      return;
    }
    if (!connection.request.empty()) {
      const ssize_t sent = send(connection.socket, connection.request.data(), connection.request.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        connection.request.erase(0, static_cast<std::size_t>(sent));
      } else if (errno != EAGAIN && errno != ENOTCONN) {
        return lose(connection);
      }
    }
    std::array<char, 4096> bytes;
    ssize_t got = 0;
    while ((got = recv(connection.socket, bytes.data(), bytes.size(), 0)) > 0) {
      connection.carry.append(bytes.data(), static_cast<std::size_t>(got));
    }
    if (got == 0 || (errno != EAGAIN && errno != ENOTCONN)) {
      return lose(connection);
    }
    const std::optional<bench::Head> head = bench::find_head(connection.carry);
    if (head && connection.carry.size() >= head->size + head->content_length) {
      finish(connection, connection.carry.starts_with("HTTP/1.1 200"));
      connection.carry.erase(0, head->size + head->content_length);
      idle_[connection.instance].push_back(&connection);
    }
  }

  void finish(Connection& connection, bool is_good) {
    connection.is_waiting = false;
    --waiting_;
    errors_ += is_good ? 0 : 1;
    if (connection.is_counted) {
      times_.push_back((Clock::now() - connection.meant).count());
    }
  }

  void lose(Connection& connection) {
    close(connection.socket);
    connection.socket = -1;
    if (connection.is_waiting) {
      finish(connection, false);
    } else {
      std::erase(idle_[connection.instance], &connection);
    }
  }

  static double quantile_ms(std::vector<std::int64_t>& values, double quantile) {
    return static_cast<double>(bench::quality::quantile_of(values, quantile)) / 1e6;
  }

  void print() {
    std::printf(
        "{\"requests\": %zu, \"begun\": %llu, \"errors\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, "
        "\"late_p99_ms\": %.3f, \"connections\": %zu}\n",
        times_.size(), static_cast<unsigned long long>(number_), errors_, quantile_ms(times_, 0.5),
        quantile_ms(times_, 0.99), quantile_ms(times_, 0.999), quantile_ms(late_, 0.99), all_.size());
  }

  Plan plan_;
  int epoll_;
  int timer_;
  Clock::time_point begin_;
  Clock::time_point next_;
  Clock::time_point counted_from_;
  Clock::time_point last_;
  std::uint64_t number_ = 0;
  std::size_t waiting_ = 0;
  std::size_t errors_ = 0;
  std::vector<std::vector<Connection*>> idle_;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<std::int64_t> times_;
  std::vector<std::int64_t> late_;
};

[[noreturn]] void usage() {
  std::fputs("usage: quality_arrivals --rate PER_S --seconds S [--warmup S] [--seed N] PORT...\n", stderr);
  std::exit(2);
}

Plan plan_of(int argc, char** argv) {
  constexpr std::array<option, 5> known{{{"rate", required_argument, nullptr, 'r'},
                                         {"seconds", required_argument, nullptr, 's'},
                                         {"warmup", required_argument, nullptr, 'w'},
                                         {"seed", required_argument, nullptr, 'n'},
                                         {nullptr, 0, nullptr, 0}}};
  Plan plan;
  for (int key = 0; (key = getopt_long(argc, argv, "", known.data(), nullptr)) != -1;) {
    switch (key) {
      case 'r': plan.rate = std::strtod(optarg, nullptr); break;
      case 's': plan.seconds = std::strtod(optarg, nullptr); break;
      case 'w': plan.warmup = std::strtod(optarg, nullptr); break;
      case 'n': plan.seed = std::strtoull(optarg, nullptr, 10); break;
      default: usage();
    }
  }
  for (int at = optind; at < argc; ++at) {
    plan.ports.push_back(bench::port_of(argv[at]));
  }
  if (plan.rate <= 0 || plan.seconds <= 0 || plan.warmup < 0 || plan.ports.empty()) {
    usage();
  }
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  Arrivals(plan_of(argc, argv)).run();
}
