// A snapshot as one worker holds it: with the worker's own cells beside the routes and a plain reference count, so that
// requests never touch a counter that other cores touch. The shared count moves once per adoption.
// Thread rule: one loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/routing/snapshot.hpp"
#include "proxy/proxy_metrics.hpp"

namespace fairlead::proxy {

class AdoptedSnapshot {
 public:
  AdoptedSnapshot(std::shared_ptr<const routing::Snapshot> snapshot, ProxyMetrics& metrics)
      : snapshot_(std::move(snapshot)),
        metrics_(metrics),
        unrouted_(&metrics.route("")),
        regrets_(snapshot_->pools.size() * balance::strategy_names().size()) {
    for (const routing::Route& route : snapshot_->routes.routes()) {
      routes_.push_back(&metrics.route(route.name));
    }
  }
  AdoptedSnapshot(const AdoptedSnapshot&) = delete;
  AdoptedSnapshot& operator=(const AdoptedSnapshot&) = delete;

  const routing::Snapshot& operator*() const { return *snapshot_; }
  const routing::Snapshot* operator->() const { return snapshot_.get(); }
  [[nodiscard]] RouteCells& cells(std::uint32_t route_index) const { return *routes_[route_index]; }
  [[nodiscard]] RouteCells& unrouted() const { return *unrouted_; }
  /// `pool_index` is its place in the snapshot.
  [[nodiscard]] metrics::Histogram& regrets(std::size_t pool_index, balance::StrategyId strategy) const {
    metrics::Histogram*& cell =
        regrets_[pool_index * balance::strategy_names().size() + static_cast<std::size_t>(strategy)];
    if (cell == nullptr) {
      cell = &metrics_.regrets(snapshot_->pools[pool_index]->name, strategy);
    }
    return *cell;
  }

 private:
  friend class SnapshotRef;
  std::shared_ptr<const routing::Snapshot> snapshot_;
  ProxyMetrics& metrics_;
  std::vector<RouteCells*> routes_;
  RouteCells* unrouted_;
  mutable std::vector<metrics::Histogram*> regrets_;  ///< by pool and strategy; nullptr: none was seen yet
  std::uint32_t users_ = 0;
};

/// Keeps an adopted snapshot alive; the last one frees it.
class SnapshotRef {
 public:
  SnapshotRef() = default;
  explicit SnapshotRef(AdoptedSnapshot* adopted) : adopted_(adopted) { ++adopted_->users_; }
  SnapshotRef(const SnapshotRef& other) : adopted_(other.adopted_) {
    if (adopted_ != nullptr) {
      ++adopted_->users_;
    }
  }
  SnapshotRef& operator=(const SnapshotRef& other) {
    SnapshotRef copy(other);
    std::swap(adopted_, copy.adopted_);
    return *this;
  }
  ~SnapshotRef() {
    if (adopted_ != nullptr && --adopted_->users_ == 0) {
      delete adopted_;
    }
  }

  const AdoptedSnapshot& operator*() const { return *adopted_; }
  const AdoptedSnapshot* operator->() const { return adopted_; }

 private:
  AdoptedSnapshot* adopted_ = nullptr;
};

}  // namespace fairlead::proxy
