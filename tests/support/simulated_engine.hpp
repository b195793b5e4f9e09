// An io::Engine without a kernel: time is virtual, the other ends are Peers that a test's script moves. wait() never
// sleeps: it runs what the script has due, and when there is nothing to do, moves time on to the next event or `until`.
// The same script gives the same run. Used by the tests of io, proxy and fleet through Simulation (simulation.hpp).
// Thread rule: one thread; wake() alone may come from others. Lifetime: outlives its loop; Peers live as long as it.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/engine.hpp"
#include "support/simulated_peer.hpp"

namespace fairlead::testing {

class SimulatedEngine final : public io::Engine {
 public:
  using Duration = io::Clock::duration;
  using Act = std::function<void()>;
  using OnConnection = std::function<void(Peer&)>;

  // What a script does.
  void after(Duration delay, Act act);
  /// A client that connects to a listening address; see Peer::is_refused().
  Peer& connect(const io::Address& to);
  Peer& connect(const io::Address& to, const io::Address& from);
  /// Our side's connects to `at` reach a scripted backend, `delay` later. An address nobody serves refuses.
  void serve(const io::Address& at, OnConnection on_connection, Duration delay = Duration{0});
  void refuse(const io::Address& at) { backends_.erase(at.text()); }
  /// Connects to `at` never end.
  void never_answer(const io::Address& at) { backends_[at.text()] = Backend{}; }
  /// Another process listens there.
  void take_port(const io::Address& at) { taken_.push_back(at.text()); }
  /// The next `times` accepts with a connection at hand give -`error_number`; the connection stays in the backlog.
  void fail_accepts(int error_number, int times);
  /// The next `times` opens of a socket give -`error_number`.
  void fail_opens(int error_number, int times);

  // What a test sees.
  /// All that ever were, in order of connecting.
  [[nodiscard]] const std::vector<std::unique_ptr<Peer>>& peers() const { return peers_; }
  [[nodiscard]] std::size_t open_sockets() const { return connections_.size() + ports_.size(); }
  /// Nothing will happen before time moves on.
  [[nodiscard]] bool is_settled() const;

  int open(io::Socket& socket, const io::Address& address) override;
  int listen(io::Socket& socket, io::Address& address, int backlog) override;
  int attach(io::Socket& socket, int descriptor) override;
  void close(io::Socket& socket) override;
  void shutdown_send(io::Socket& socket) override;
  bool is_quiet(io::Socket& socket, bool ask_kernel) override;
  bool submit(io::Operation& operation) override;
  void cancel(io::Operation& operation) override;
  void wait(io::TimePoint until) override;
  void wake() override { woken_.store(true); }
  io::TimePoint now() override { return now_; }

 private:
  struct Port {
    io::Socket* socket = nullptr;
    std::string address;
    std::deque<Peer*> backlog;
  };
  struct Connection {
    io::Socket* socket = nullptr;  ///< null between accept and attach
    Peer* peer = nullptr;          ///< null until connected
    int connect_result = -EINPROGRESS;
  };
  struct Backend {
    OnConnection on_connection;  ///< empty: never answers
    Duration delay{0};
  };
  struct Failure {
    int error_number = 0;
    int times = 0;
    int next() { return times > 0 ? (--times, -error_number) : 0; }
  };

  Peer& add_peer(const io::Address& address);
  void begin_connect(int descriptor, const std::string& address);
  void establish(int descriptor, const std::string& address);
  bool try_now(io::Operation& operation);
  bool try_accept(io::Operation& operation);
  bool try_connect(io::Operation& operation);
  bool try_receive(io::Operation& operation);
  bool try_send(io::Operation& operation);
  Connection& connection_of(const io::Socket& socket);
  void complete_parked(io::Socket* socket);
  bool run_due();
  void complete_what_can();

  io::TimePoint now_ = io::TimePoint{} + std::chrono::hours(1);
  std::multimap<io::TimePoint, Act> events_;
  std::map<int, Connection> connections_;
  std::map<int, Port> ports_;
  std::map<std::string, Backend> backends_;
  std::vector<std::string> taken_;
  std::vector<std::unique_ptr<Peer>> peers_;
  Failure accept_failure_;
  Failure open_failure_;
  int next_descriptor_ = 1000;  ///< never used again, so that a stale one is noticed
  std::uint16_t next_port_ = 40'000;
  std::atomic<bool> woken_{false};
};

}  // namespace fairlead::testing
