// Connections to backends: per worker, per pool and backend, idle ones reused most-recent-first. An idle connection
// that the backend has ended, or that lay idle for too long, is closed by a sweep and never reused; one whose last
// answer wasn't seen to its exact end never comes here. What a burst leaves beyond the share that stays idle is kept
// for a moment: the next requests usually follow at once, and would have to connect anew.
// Thread rule: one loop thread. Lifetime: connections in use return or die before the pool.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/balance/backend_set.hpp"
#include "io/resolver.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"

namespace fairlead::proxy {

struct UpstreamCells;
class ProxyMetrics;

/// One connection to a backend.
struct UpstreamConnection {
  explicit UpstreamConnection(io::EventLoop& loop) : stream(loop, Side::upstream) {}

  io::PlainStream stream;
  io::Buffer buffer;  ///< bytes of answers; holds none while idle
  io::TimePoint idle_since{};
  bool reused = false;  ///< it has carried a request before this one
};

/// What a worker keeps of one backend of one pool.
struct UpstreamBackend {
  std::vector<std::unique_ptr<UpstreamConnection>> idle;  ///< the most recent at the back
  UpstreamCells* cells = nullptr;
  io::TimePoint last_used{};
  std::uint32_t users = 0;  ///< exchanges that hold a reference
};

class UpstreamPool {
 public:
  static constexpr std::size_t idle_max = 64;       ///< a backend; beyond it they stay for surplus_for
  static constexpr std::size_t surplus_max = 1024;  ///< at any moment
  static constexpr std::chrono::seconds surplus_for{1};
  static constexpr std::chrono::seconds idle_for{55};  ///< just under the common 60 s of servers
  static constexpr std::chrono::seconds sweep_every{1};
  static constexpr std::chrono::seconds trusted_for{1};       ///< idle this short: what the loop has heard is enough
  static constexpr std::chrono::minutes backend_kept_for{5};  ///< a backend that nobody uses is forgotten

  UpstreamPool(io::EventLoop& loop, io::Resolver& resolver, ProxyMetrics& metrics);
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  /// Another snapshot with so many backends: they may stand where those of an older one stood.
  void adopt(std::size_t backends);
  /// The worker's own record of a backend. The pool's name stands in an adopted snapshot, and so does the backend
  /// unless it is a stranger. Whoever keeps the reference beyond the turn counts itself in `users`.
  UpstreamBackend& backend(std::string_view pool, const balance::Backend& backend);
  /// A connection that may be used at once, or nullptr.
  std::unique_ptr<UpstreamConnection> take_idle(UpstreamBackend& backend);
  /// A new one: the name resolved, its addresses tried in order; idle ones make room where descriptors are used up.
  /// Errors: refused, timed_out, unresolved, exhausted, reset.
  io::Task<Result<std::unique_ptr<UpstreamConnection>>> connect(const balance::Backend& backend,
                                                                io::TimePoint deadline);
  /// For a connection whose last answer ended exactly.
  void give_back(UpstreamBackend& backend, std::unique_ptr<UpstreamConnection> connection);
  /// Closes all that is idle; false: nothing was.
  bool close_idle();

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  template <class Value>
  using ByName = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;

  /// A record found before, so that most requests needn't look two names up: before many backends these are cold
  /// memory. Nothing of it outlives a sweep or an adoption.
  struct Found {
    const balance::Backend* asked = nullptr;
    const char* pool = nullptr;  ///< where its name stands
    UpstreamBackend* backend = nullptr;
  };

  UpstreamBackend& find(std::string_view pool, const balance::Backend& backend);
  /// The same, of an adopted snapshot.
  UpstreamBackend& known(std::string_view pool, const balance::Backend& backend);
  void sweep();
  void sweep_idle(UpstreamBackend& backend) const;

  io::EventLoop& loop_;
  io::Resolver& resolver_;
  ProxyMetrics& metrics_;
  ByName<ByName<UpstreamBackend>> pools_;
  std::vector<Found> found_{1};  ///< a power of two; a backend's is at its address, counted in backends
  io::Timer sweep_timer_;
};

}  // namespace fairlead::proxy
