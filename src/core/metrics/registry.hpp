// Counters, gauges and histograms in shards: each worker writes only its own cells (a relaxed load and store, no lock,
// no shared cache line), and a scrape sums the shards.
// Thread rule: Registry set-up (add_*) happens before threads start, or on the control thread; a Shard is written by
// one thread at a time; collect() may run on any thread at any moment and sees each cell whole.
// Series are found by labels on a slow path once; keep the reference, it stays valid as long as the registry.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::metrics {

/// Only grows. One writer.
class Counter {
 public:
  void add(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down; summed over the shards. One writer.
class Gauge {
 public:
  void add(std::int64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Cumulative buckets when exposed, plain ones inside. One writer.
class Histogram {
 public:
  explicit Histogram(std::span<const double> upper_bounds);
  void observe(double value);

  struct Reading {
    std::vector<std::uint64_t> buckets;  ///< one more than bounds: the last is +Inf; not cumulative
    double sum = 0;
  };
  [[nodiscard]] Reading read() const;
  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }

 private:
  std::span<const double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };

/// What a family is; `labels` are names in the order in which label values are given.
struct Family {
  std::string name;
  std::string help;
  MetricType type = MetricType::counter;
  std::vector<std::string> labels;
  std::vector<double> bounds;     ///< histogram only: upper bounds, ascending, without +Inf
  std::size_t series_max = 4096;  ///< per shard; beyond it every label value becomes "_other"
};

using FamilyId = std::size_t;
using LabelValues = std::initializer_list<std::string_view>;

class Shard;

/// One family as read now, summed over shards, for an exposition format.
struct FamilySamples {
  const Family* family = nullptr;
  struct Sample {
    std::vector<std::string> label_values;
    double value = 0;              ///< counter and gauge
    Histogram::Reading histogram;  ///< histogram
  };
  std::vector<Sample> samples;
};

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  FamilyId add(Family family);
  /// A shard for one writing thread; lives as long as the registry.
  Shard& add_shard();
  /// Values that are read when asked for (process metrics, ages). `collect` runs on the scraping thread and appends
  /// samples for the family, which no shard may write.
  using Collect = std::function<void(FamilySamples&)>;
  void add_collected(Family family, Collect collect);

  [[nodiscard]] std::vector<FamilySamples> collect() const;
  [[nodiscard]] const Family& family(FamilyId id) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Shard {
 public:
  explicit Shard(const Registry& registry);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Find or make a series. Asking for a type that the family isn't is a broken invariant.
  Counter& counter(FamilyId family, LabelValues labels = {});
  Gauge& gauge(FamilyId family, LabelValues labels = {});
  Histogram& histogram(FamilyId family, LabelValues labels = {});

 private:
  friend class Registry;
  struct State;
  std::unique_ptr<State> state_;
};

/// 0.5 ms to 60 s: the buckets of request_duration_seconds.
std::span<const double> latency_bounds();

}  // namespace fairlead::metrics
