// What instances share, as the request path sees it. One StateStore a worker, used only on that worker's loop thread.
// The request path never fails because of the store: whatever happens to Redis, acquire() answers, from local state if
// need be, and within 50 ms.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "core/routing/snapshot.hpp"
#include "io/task.hpp"

namespace fairlead::fleet {

/// By whose knowledge a backend was chosen.
enum class Basis : std::uint8_t {
  local,   ///< this process' own: memory://, no view of the others or one too old, no leased ticket
  leased,  ///< the fleet's of a moment ago: a trusted view, a leased ticket
  exact,   ///< the fleet's at that instant
};
inline constexpr std::size_t basis_count = 3;

/// One want for a backend, answered at once or later. Lives in the frame of whoever asks, unmoved until answered or
/// cancelled.
struct Acquire {
  // Asked:
  const routing::Pool* pool = nullptr;  ///< of the exchange's snapshot, which outlives the lease
  balance::StrategyId strategy = balance::StrategyId::round_robin;
  /// Backends that already failed this request; none of them is chosen again. Valid until answered.
  std::span<const std::string_view> tried;
  /// Of the request's key, for strategies that need one; nothing: it has none, and chance takes its place.
  std::optional<std::uint64_t> key_hash;

  // Answered:
  /// The chosen backend, its request counted; nullptr: no backend may serve (the pool is empty or all were tried).
  /// Valid until it is released; it may be one that the snapshot doesn't know yet (a list edited by hand).
  const balance::Backend* backend = nullptr;
  Basis basis = Basis::local;
  /// balance::regret_of() a choice by loads that this process read; below 0: it went by none.
  double regret = -1;

  /// Called on the loop thread when acquire() returned false and the answer is there. May destroy the Acquire.
  void (*on_answer)(Acquire&) = nullptr;
  void* context = nullptr;  ///< for on_answer
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  /// Before the first want, on the loop's thread.
  virtual void start() {}
  /// After the last release, on the loop's thread: gives everything back; the store may end after it.
  virtual io::Task<> stop() { co_return; }

  /// Chooses a backend and counts a request in flight to it, in one step. True: answered now. False: on_answer follows,
  /// 50 ms later at most.
  virtual bool acquire(Acquire& want) = 0;
  /// Takes a want back that acquire() left open; on_answer isn't called any more. Nothing stays counted.
  virtual void cancel(Acquire& want) = 0;
  /// The request to `backend` ended. Never waits, never fails.
  virtual void release(const routing::Pool& pool, const balance::Backend& backend) = 0;
};

/// A request counted in flight. Move-only; its end releases.
class Lease {
 public:
  Lease() = default;
  Lease(StateStore& store, const routing::Pool& pool, const balance::Backend& backend)
      : store_(&store), pool_(&pool), backend_(&backend) {}
  Lease(Lease&& other) noexcept
      : store_(other.store_), pool_(other.pool_), backend_(std::exchange(other.backend_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      release();
      store_ = other.store_;
      pool_ = other.pool_;
      backend_ = std::exchange(other.backend_, nullptr);
    }
    return *this;
  }
  ~Lease() { release(); }

  void release() {
    if (backend_ != nullptr) {
      store_->release(*pool_, *std::exchange(backend_, nullptr));
    }
  }
  explicit operator bool() const { return backend_ != nullptr; }
  [[nodiscard]] const balance::Backend& backend() const { return *backend_; }

 private:
  StateStore* store_ = nullptr;
  const routing::Pool* pool_ = nullptr;
  const balance::Backend* backend_ = nullptr;
};

}  // namespace fairlead::fleet
