// The ring of consistent hashing: every backend has the same number of points on a circle, at places that its URL alone
// gives, and a position belongs to the point that is nearest ahead of it, measured in weights: half as near counts as
// much for a backend of twice the weight. Distances to the nearest of some random points are exponential, so shares
// are as the weights, and a backend that joins, leaves or changes its weight moves only positions of its own.
// Used by consistent_hash. Immutable, so any thread; keeps nothing of the set it was built from. Why so: docs/adr/0021.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {

class HashRing {
 public:
  /// A share is as its weight within 1 / sqrt(256), 6 %, in one standard deviation.
  static constexpr std::uint32_t points_each = 256;

  explicit HashRing(const BackendSet& backends);

  /// The owner of a position among those that `may(BackendIndex)` allows; nothing when it allows none that has a point.
  template <class May>
  [[nodiscard]] std::optional<BackendIndex> nearest(std::uint32_t position, const May& may) const {
    std::optional<BackendIndex> best;
    std::uint64_t best_distance = 0;
    std::size_t at = first_from(position);
    for (std::size_t step = 0; step < points_.size(); ++step, ++at) {
      at = at == points_.size() ? 0 : at;
      const Point& point = points_[at];
      const std::uint64_t distance = point.position - position;  // in 32 bits, so around the circle
      if (best && distance * weights_[*best] >= best_distance * heaviest_) {
        break;  // all that follow are farther, whatever they weigh
      }
      if (may(point.backend) && (!best || distance * weights_[*best] < best_distance * weights_[point.backend])) {
        best = point.backend;
        best_distance = distance;
      }
    }
    return best;
  }

 private:
  struct Point {
    std::uint32_t position;
    BackendIndex backend;
  };

  [[nodiscard]] std::size_t first_from(std::uint32_t position) const;
  [[nodiscard]] std::size_t bucket_of(std::uint32_t position) const {
    return static_cast<std::size_t>(std::uint64_t{position} >> bucket_shift_);
  }
  void count_buckets(const BackendSet& backends);
  void place_points(const BackendSet& backends);

  std::vector<Point> points_;           ///< by position, then URL: the order of the list leaves no trace
  std::vector<std::uint32_t> buckets_;  ///< where the points of each equal part of the circle begin, and their end
  unsigned bucket_shift_ = 32;
  std::vector<std::uint32_t> weights_;
  std::uint32_t heaviest_ = 0;
};

}  // namespace fairlead::balance
