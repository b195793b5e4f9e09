#include "core/metrics/series_table.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "base/check.hpp"

namespace fairlead::metrics {
namespace {

constexpr std::size_t slots_first = 8;
constexpr std::string_view other = "_other";

std::size_t hash_of(LabelValues labels) {
  std::size_t hash = 0;
  for (const std::string_view label : labels) {
    hash = hash * 0x9e3779b97f4a7c15ULL + std::hash<std::string_view>{}(label);
  }
  return hash;
}

}  // namespace

Series::Series(const Family& family, std::vector<std::string> labels) : label_values(std::move(labels)) {
  if (family.type == MetricType::histogram) {
    histogram.emplace(family.bounds);
  }
}

Series& SeriesTable::find(LabelValues labels) {
  check(labels.size() == family_.labels.size(), "as many label values as the family has labels");
  const std::size_t hash = hash_of(labels);
  if (Series* found = lookup(labels, hash); found != nullptr) {
    return *found;
  }
  if (series_.size() - (overflow_ != nullptr ? 1 : 0) >= family_.series_max) {
    return overflow();
  }
  return insert(labels, hash);
}

Series* SeriesTable::lookup(LabelValues labels, std::size_t hash) {
  if (slots_.empty()) {
    return nullptr;
  }
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].series != nullptr; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.hash == hash && std::equal(labels.begin(), labels.end(), slot.series->label_values.begin())) {
      return slot.series;
    }
  }
  return nullptr;
}

Series& SeriesTable::insert(LabelValues labels, std::size_t hash) {
  if (slots_.size() < 2 * (series_.size() + 1)) {
    grow();
  }
  Series& made = series_.emplace_back(family_, std::vector<std::string>(labels.begin(), labels.end()));
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].series != nullptr) {
    at = (at + 1) & mask;
  }
  slots_[at] = Slot{hash, &made};
  return made;
}

void SeriesTable::grow() {
  std::vector<Slot> longer(std::max(slots_first, slots_.size() * 2));
  const std::size_t mask = longer.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.series == nullptr) {
      continue;
    }
    std::size_t at = slot.hash & mask;
    while (longer[at].series != nullptr) {
      at = (at + 1) & mask;
    }
    longer[at] = slot;
  }
  slots_.swap(longer);
}

// The overflow series isn't in the hash: a caller that happens to name "_other" itself may have a series of its own,
// and a scrape sums the two.
Series& SeriesTable::overflow() {
  if (overflow_ == nullptr) {
    overflow_ = &series_.emplace_back(family_, std::vector<std::string>(family_.labels.size(), std::string(other)));
  }
  return *overflow_;
}

}  // namespace fairlead::metrics
