#include "core/metrics/registry.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/check.hpp"
#include "core/metrics/append_list.hpp"
#include "core/metrics/series_table.hpp"

namespace fairlead::metrics {
namespace {

constexpr std::array latency_bounds_seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                            0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};

void add_reading(Histogram::Reading& sum, const Histogram::Reading& more) {
  sum.buckets.resize(std::max(sum.buckets.size(), more.buckets.size()));
  for (std::size_t index = 0; index < more.buckets.size(); ++index) {
    sum.buckets[index] += more.buckets[index];
  }
  sum.sum += more.sum;
}

void add_series(FamilySamples::Sample& sample, const Series& series, MetricType type) {
  switch (type) {
    case MetricType::counter: sample.value += static_cast<double>(series.counter.value()); break;
    case MetricType::gauge: sample.value += static_cast<double>(series.gauge.value()); break;
    case MetricType::histogram: add_reading(sample.histogram, series.histogram->read()); break;
  }
}

}  // namespace

Histogram::Histogram(std::span<const double> upper_bounds)
    : bounds_(upper_bounds), buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(upper_bounds.size() + 1)) {
  check(std::is_sorted(upper_bounds.begin(), upper_bounds.end()), "a histogram's bounds ascend");
}

void Histogram::observe(double value) {
  if (std::isnan(value)) {
    return;  // would make the sum useless for ever
  }
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  std::atomic<std::uint64_t>& cell = buckets_[static_cast<std::size_t>(bucket)];
  cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

Histogram::Reading Histogram::read() const {
  Reading reading;
  reading.buckets.reserve(bounds_.size() + 1);
  for (std::size_t index = 0; index <= bounds_.size(); ++index) {
    reading.buckets.push_back(buckets_[index].load(std::memory_order_relaxed));
  }
  reading.sum = sum_.load(std::memory_order_relaxed);
  return reading;
}

struct Registry::State {
  struct Entry {
    Family family;
    Collect collect;  ///< empty: the shards have the samples
  };

  AppendList<Entry> entries;
  AppendList<Shard> shards;

  FamilyId append(Family family, Collect collect) {
    for (std::size_t id = 0; id < entries.size(); ++id) {
      check(entries[id].family.name != family.name, "a metric family is added once");
    }
    entries.emplace_back(Entry{std::move(family), std::move(collect)});
    return entries.size() - 1;
  }

  [[nodiscard]] std::vector<FamilySamples::Sample> sum_of_shards(FamilyId id) const;
};

struct Shard::State {
  explicit State(const Registry& registry_in) : registry(registry_in) {}

  const Registry& registry;
  AppendList<SeriesTable> tables;  ///< by FamilyId; as many as were needed so far

  Series& series(FamilyId id, MetricType type, LabelValues labels) {
    while (tables.size() <= id) {
      tables.emplace_back(registry.family(tables.size()));
    }
    check(tables[id].family().type == type, "a series has its family's type");
    return tables[id].find(labels);
  }
};

std::vector<FamilySamples::Sample> Registry::State::sum_of_shards(FamilyId id) const {
  std::map<std::vector<std::string>, FamilySamples::Sample> by_labels;
  for (std::size_t index = 0, count = shards.size(); index < count; ++index) {
    const AppendList<SeriesTable>& tables = shards[index].state_->tables;
    if (tables.size() <= id) {
      continue;
    }
    const AppendList<Series>& list = tables[id].series();
    for (std::size_t at = 0, size = list.size(); at < size; ++at) {
      add_series(by_labels[list[at].label_values], list[at], entries[id].family.type);
    }
  }
  std::vector<FamilySamples::Sample> samples;
  samples.reserve(by_labels.size());
  while (!by_labels.empty()) {
    auto node = by_labels.extract(by_labels.begin());
    node.mapped().label_values = std::move(node.key());
    samples.push_back(std::move(node.mapped()));
  }
  return samples;
}

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

FamilyId Registry::add(Family family) {
  return state_->append(std::move(family), {});
}

void Registry::add_collected(Family family, Collect collect) {
  check(static_cast<bool>(collect), "a collected family has a function");
  state_->append(std::move(family), std::move(collect));
}

Shard& Registry::add_shard() {
  return state_->shards.emplace_back(*this);
}

const Family& Registry::family(FamilyId id) const {
  check(id < state_->entries.size(), "a metric family's id is known");
  return state_->entries[id].family;
}

std::vector<FamilySamples> Registry::collect() const {
  std::vector<FamilySamples> families;
  const std::size_t count = state_->entries.size();
  families.reserve(count);
  for (FamilyId id = 0; id < count; ++id) {
    const State::Entry& entry = state_->entries[id];
    FamilySamples& samples = families.emplace_back();
    samples.family = &entry.family;
    if (entry.collect) {
      entry.collect(samples);
    } else {
      samples.samples = state_->sum_of_shards(id);
    }
  }
  return families;
}

Shard::Shard(const Registry& registry) : state_(std::make_unique<State>(registry)) {}
Shard::~Shard() = default;

Counter& Shard::counter(FamilyId family, LabelValues labels) {
  return state_->series(family, MetricType::counter, labels).counter;
}

Gauge& Shard::gauge(FamilyId family, LabelValues labels) {
  return state_->series(family, MetricType::gauge, labels).gauge;
}

Histogram& Shard::histogram(FamilyId family, LabelValues labels) {
  return *state_->series(family, MetricType::histogram, labels).histogram;
}

std::span<const double> latency_bounds() {
  return latency_bounds_seconds;
}

}  // namespace fairlead::metrics
