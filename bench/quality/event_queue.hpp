// What happens next in a simulation: events by their time, those of the same time in the order in which they were put
// in, so that a run can be repeated to the last choice. Used by simulation. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace bench::quality {

template <typename Time, typename Event>
class EventQueue {
 public:
  void push(Time at, Event event) {
    heap_.push_back({at, next_++, std::move(event)});
    std::push_heap(heap_.begin(), heap_.end(), is_later);
  }
  /// The earliest, with its time. There must be one.
  std::pair<Time, Event> pop() {
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    return {entry.at, std::move(entry.event)};
  }
  [[nodiscard]] bool empty() const { return heap_.empty(); }

 private:
  struct Entry {
    Time at;
    std::uint64_t number;
    Event event;
  };
  static bool is_later(const Entry& left, const Entry& right) {
    return left.at != right.at ? left.at > right.at : left.number > right.number;
  }

  std::vector<Entry> heap_;
  std::uint64_t next_ = 0;
};

}  // namespace bench::quality
