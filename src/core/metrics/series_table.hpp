// The series of one family in one shard: an append-only list that a scrape reads while the owner adds, and an open
// hash from label values to series that only the owner touches. At most `series_max` series, then all further label
// values share one series whose values are "_other", so that no client can grow memory.
// Thread rule: find() by the shard's thread; series() by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/metrics/append_list.hpp"
#include "core/metrics/registry.hpp"

namespace fairlead::metrics {

/// A cache line of its own: another shard's series must not share it.
struct alignas(64) Series {
  Series(const Family& family, std::vector<std::string> labels);

  std::vector<std::string> label_values;
  Counter counter;
  Gauge gauge;
  std::optional<Histogram> histogram;
};

class SeriesTable {
 public:
  /// `family` must outlive the table.
  explicit SeriesTable(const Family& family) : family_(family) {}

  Series& find(LabelValues labels);
  [[nodiscard]] const AppendList<Series>& series() const { return series_; }
  [[nodiscard]] const Family& family() const { return family_; }

 private:
  Series* lookup(LabelValues labels, std::size_t hash);
  Series& insert(LabelValues labels, std::size_t hash);
  void grow();
  Series& overflow();

  struct Slot {
    std::size_t hash = 0;
    Series* series = nullptr;
  };

  const Family& family_;
  AppendList<Series> series_;
  std::vector<Slot> slots_;  ///< a power of two, at most half full
  Series* overflow_ = nullptr;
};

}  // namespace fairlead::metrics
