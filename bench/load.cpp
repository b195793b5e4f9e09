// A closed-loop load generator: every connection sends its next request as soon as it has the whole last answer, on
// keep-alive HTTP/1.1, one thread. Says `measuring` on stdout when the warm-up is over, so that a script can read the
// proxy's CPU clock, and one line of JSON at the end. An answer counts only if it is a 200 with its whole body.
#include <getopt.h>

#include <array>
#include <bit>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "wire.hpp"

namespace {

using Clock = std::chrono::steady_clock;

/// Log-linear: 64 cells for each power of two of nanoseconds, so a value is known to 1.6 %.
class Histogram {
 public:
  void add(std::chrono::nanoseconds latency) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    ++cells_[cell_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  void clear() { *this = Histogram{}; }

  double microseconds_at(double share) const {
    const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
      seen += cells_[cell];
      if (seen > rank) {
        return static_cast<double>(std::min(top_of(cell), max_)) / 1000.0;
      }
    }
    return static_cast<double>(max_) / 1000.0;
  }

  double max_microseconds() const { return static_cast<double>(max_) / 1000.0; }

 private:
  static constexpr unsigned linear_bits = 6;
  static constexpr std::uint64_t linear = 1U << linear_bits;

  static std::size_t cell_of(std::uint64_t value) {
    if (value < linear) {
      return value;
    }
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - linear_bits - 1;
    return (shift + 1) * linear + ((value >> shift) - linear);
  }

  static std::uint64_t top_of(std::size_t cell) {
    if (cell < linear) {
      return cell;
    }
    const auto shift = cell / linear - 1;
    return ((linear + cell % linear + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - linear_bits + 1) * linear> cells_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

struct Options {
  std::uint16_t port = 0;
  std::size_t connections = 64;
  double seconds = 2;
  double warmup = 0.5;
  std::string method = "GET";
  std::string path = "/";
  std::size_t body = 0;
  std::size_t header_bytes = 0;
  bool browser = false;  ///< the fields that a browser sends, 800 bytes of head
  bool fresh = false;    ///< a connection a request
};

struct Connection {
  int socket = -1;
  std::size_t sent = 0;
  Clock::time_point started;
  std::string carry;  ///< a head that isn't whole yet
  bench::BodyWalk body;
  bool in_body = false;
  bool answered_ok = false;
  bool is_over = false;  ///< the answer under way is its last
};

struct Tally {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t body_bytes = 0;
  std::uint64_t wire_bytes = 0;
};

constexpr std::string_view plain_fields = "User-Agent: fairlead-bench\r\nAccept: */*\r\n";
constexpr std::string_view browser_fields =
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.shop.example/shop/articles/2024?category=books&sort=price&page=2\r\n"
    "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; consent=1; theme=dark; basket=0f2c9a93eea6f38fabb3acb1c31488c6; "
    "visitor=6f1ed002ab5595859014ebf0951522d9; seen=articles.2023,articles.2024,articles.2025; campaign=autumn; "
    "group=b17\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "If-None-Match: \"5f3c-61a2b\"\r\n"
    "Priority: u=0, i\r\n";

std::string request_of(const Options& options) {
  std::string request =
      options.method + " " + options.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options.port) + "\r\n";
  request += options.browser ? browser_fields : plain_fields;
  request += options.fresh ? "Connection: close\r\n" : "";
  constexpr std::size_t line_max = 1024;
  std::size_t number = 0;
  for (std::size_t left = options.header_bytes; left > 0;) {
    std::string line = "X-Filler-" + std::to_string(number++) + ": ";
    const std::size_t size = std::max(std::min(left, line_max), line.size() + 3);
    line.append(size - line.size() - 2, 'h');
    request += line + "\r\n";
    left -= std::min(left, size);
  }
  if (options.body > 0) {
    request += "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(options.body) + "\r\n";
  }
  return request + "\r\n" + std::string(options.body, 'b');
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options),
        request_(request_of(options)),
        is_head_(options.method == "HEAD"),
        connections_(options.connections),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  /// False when the far side is so broken that going on says nothing.
  bool run() {
    for (Connection& connection : connections_) {
      open(connection);
    }
    if (!serve_until(Clock::now() + as_duration(options_.warmup))) {
      return false;
    }
    std::puts("measuring");
    std::fflush(stdout);
    tally_ = {};
    latencies_.clear();
    const Clock::time_point begun = Clock::now();
    const bool sound = serve_until(begun + as_duration(options_.seconds));
    const Clock::time_point ended = Clock::now();
    for (const Connection& connection : connections_) {
      tally_.errors += ended - connection.started > as_duration(options_.seconds) ? 1 : 0;  // it hung
    }
    print(std::chrono::duration<double>(ended - begun).count());
    return sound;
  }

 private:
  static constexpr std::uint64_t errors_max = 10'000;

  static Clock::duration as_duration(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }

  bool serve_until(Clock::time_point deadline) {
    std::array<epoll_event, 256> events{};
    for (auto now = Clock::now(); now < deadline && tally_.errors < errors_max; now = Clock::now()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(left));
      for (int at = 0; at < count; ++at) {
        const epoll_event& event = events[static_cast<std::size_t>(at)];
        serve(*static_cast<Connection*>(event.data.ptr), (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
      }
    }
    return tally_.errors < errors_max;
  }

  void open(Connection& connection) {
    connection = Connection{};
    connection.socket = bench::connect_to(options_.port);
    connection.started = Clock::now();
    bench::watch(epoll_, connection.socket, bench::both_ways_on_edges, &connection);
  }

  void reopen(Connection& connection, bool failed) {
    tally_.errors += failed ? 1 : 0;
    close(connection.socket);
    open(connection);
  }

  void serve(Connection& connection, bool hangup) {
    if (!send(connection)) {
      reopen(connection, true);
      return;
    }
    while (true) {
      const ssize_t got = read(connection.socket, buffer_.data(), buffer_.size());
      if (got < 0 && errno == EAGAIN) {
        return;
      }
      if (got <= 0 || !consume(connection, {buffer_.data(), static_cast<std::size_t>(got)})) {
        reopen(connection, true);
        return;
      }
      if (connection.is_over && !connection.in_body && connection.carry.empty()) {
        reopen(connection, false);
        return;
      }
      if (static_cast<std::size_t>(got) < buffer_.size() && !hangup) {
        return;
      }
    }
  }

  /// Sends what is left of the request. False when the peer is gone.
  bool send(Connection& connection) {
    while (connection.sent < request_.size()) {
      const ssize_t sent =
          write(connection.socket, request_.data() + connection.sent, request_.size() - connection.sent);
      if (sent < 0) {
        return errno == EAGAIN;
      }
      connection.sent += static_cast<std::size_t>(sent);
      tally_.wire_bytes += static_cast<std::uint64_t>(sent);
    }
    return true;
  }

  /// False when what came is no answer, or the next request can't be sent.
  bool consume(Connection& connection, std::string_view bytes) {
    tally_.wire_bytes += bytes.size();
    std::string whole;
    if (!connection.carry.empty()) {
      whole.swap(connection.carry);
      whole.append(bytes);
      bytes = whole;
    }
    while (!bytes.empty()) {
      if (!connection.in_body) {
        const std::optional<bench::Head> head = bench::find_head(bytes);
        if (!head) {
          connection.carry.assign(bytes);
          return true;
        }
        begin_answer(connection, bytes.substr(0, head->size), *head);
        bytes.remove_prefix(head->size);
      }
      bytes.remove_prefix(connection.body.feed(bytes));
      if (connection.body.broken() || (connection.body.done() && !end_answer(connection, bytes.empty()))) {
        return false;
      }
    }
    return true;
  }

  void begin_answer(Connection& connection, std::string_view text, const bench::Head& head) {
    constexpr std::string_view good = "HTTP/1.1 200 ";
    connection.answered_ok = text.starts_with(good);
    connection.is_over = head.close || options_.fresh;
    connection.body = is_head_ ? bench::BodyWalk{} : bench::BodyWalk(head);
    connection.in_body = true;
  }

  bool end_answer(Connection& connection, bool nothing_behind) {
    if (!nothing_behind || connection.sent < request_.size()) {
      return false;  // bytes that nobody asked for, or an answer before the question was out
    }
    const Clock::time_point now = Clock::now();
    if (connection.answered_ok) {
      ++tally_.requests;
      tally_.body_bytes += connection.body.payload();
      latencies_.add(now - connection.started);
    } else {
      ++tally_.errors;
    }
    connection.started = now;
    connection.in_body = false;
    connection.sent = 0;
    return connection.is_over || send(connection);
  }

  void print(double seconds) const {
    std::printf(
        "{\"requests\":%llu,\"errors\":%llu,\"seconds\":%.4f,\"requests_per_second\":%.1f,"
        "\"body_bytes\":%llu,\"wire_bytes\":%llu,"
        "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}\n",
        static_cast<unsigned long long>(tally_.requests), static_cast<unsigned long long>(tally_.errors), seconds,
        static_cast<double>(tally_.requests) / seconds, static_cast<unsigned long long>(tally_.body_bytes),
        static_cast<unsigned long long>(tally_.wire_bytes), latencies_.microseconds_at(0.5),
        latencies_.microseconds_at(0.9), latencies_.microseconds_at(0.99), latencies_.microseconds_at(0.999),
        latencies_.max_microseconds());
    std::fflush(stdout);
  }

  Options options_;
  std::string request_;
  bool is_head_;
  std::vector<Connection> connections_;
  int epoll_;
  Tally tally_;
  Histogram latencies_;
  std::array<char, 64UL * 1024> buffer_{};
};

[[noreturn]] void usage() {
  std::fputs(
      "usage: load --port PORT [--connections N] [--seconds S] [--warmup S] [--method M] [--path P]\n"
      "            [--body BYTES] [--header-bytes BYTES] [--browser] [--fresh]\n",
      stderr);
  std::exit(2);
}

Options options_of(int argc, char** argv) {
  constexpr std::array<option, 11> known{{{"port", required_argument, nullptr, 'p'},
                                          {"connections", required_argument, nullptr, 'c'},
                                          {"seconds", required_argument, nullptr, 's'},
                                          {"warmup", required_argument, nullptr, 'w'},
                                          {"method", required_argument, nullptr, 'm'},
                                          {"path", required_argument, nullptr, 'u'},
                                          {"body", required_argument, nullptr, 'b'},
                                          {"header-bytes", required_argument, nullptr, 'h'},
                                          {"browser", no_argument, nullptr, 'r'},
                                          {"fresh", no_argument, nullptr, 'f'},
                                          {nullptr, 0, nullptr, 0}}};
  Options options;
  for (int key = 0; (key = getopt_long(argc, argv, "", known.data(), nullptr)) != -1;) {
    switch (key) {
      case 'p': options.port = bench::port_of(optarg); break;
      case 'c': options.connections = std::strtoull(optarg, nullptr, 10); break;
      case 's': options.seconds = std::strtod(optarg, nullptr); break;
      case 'w': options.warmup = std::strtod(optarg, nullptr); break;
      case 'm': options.method = optarg; break;
      case 'u': options.path = optarg; break;
      case 'b': options.body = std::strtoull(optarg, nullptr, 10); break;
      case 'h': options.header_bytes = std::strtoull(optarg, nullptr, 10); break;
      case 'r': options.browser = true; break;
      case 'f': options.fresh = true; break;
      default: usage();
    }
  }
  if (options.port == 0 || options.connections == 0 || options.seconds <= 0 || optind != argc) {
    usage();
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  const auto load = std::make_unique<Load>(options_of(argc, argv));
  return load->run() ? 0 : 1;
}
