#include "core/balance/hash_ring.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "core/balance/draw.hpp"
#include "core/balance/stable_hash.hpp"

namespace fairlead::balance {
namespace {

/// Few enough to be walked through in a cache line, many enough that the buckets stay in a fast cache themselves.
constexpr std::size_t points_a_bucket = 4;

/// Calls `visit(position, index)` for each point of each backend; cheaper twice than remembered.
template <class Visit>
void for_each_point(const BackendSet& backends, const Visit& visit) {
  for (BackendIndex index = 0; index < backends.size(); ++index) {
    const std::uint64_t seed = next_random(stable_hash(backends[index].url));
    for (std::uint32_t number = 0; number < HashRing::points_each; ++number) {
      visit(static_cast<std::uint32_t>(next_random(seed + number) >> 32), index);
    }
  }
}

}  // namespace

HashRing::HashRing(const BackendSet& backends) {
  weights_.reserve(backends.size());
  for (const Backend& backend : backends) {
    weights_.push_back(backend.weight);
    heaviest_ = std::max(heaviest_, backend.weight);
  }
  count_buckets(backends);
  place_points(backends);
}

void HashRing::count_buckets(const BackendSet& backends) {
  const std::size_t count = std::bit_ceil(backends.size() * points_each / points_a_bucket);
  bucket_shift_ = 32U - static_cast<unsigned>(std::countr_zero(count));
  buckets_.assign(count + 1, 0);
  for_each_point(backends, [this](std::uint32_t position, BackendIndex) { ++buckets_[bucket_of(position) + 1]; });
  std::partial_sum(buckets_.begin(), buckets_.end(), buckets_.begin());
}

/// Positions are uniform, so that buckets nearly sort them, in linear time.
void HashRing::place_points(const BackendSet& backends) {
  points_.resize(buckets_.back());
  std::vector<std::uint32_t> next(buckets_.begin(), buckets_.end() - 1);
  for_each_point(backends, [&](std::uint32_t position, BackendIndex index) {
    points_[next[bucket_of(position)]++] = {position, index};
  });
  for (std::size_t bucket = 0; bucket < next.size(); ++bucket) {
    std::sort(points_.begin() + buckets_[bucket], points_.begin() + buckets_[bucket + 1],
              [&backends](const Point& left, const Point& right) {
                return left.position != right.position ? left.position < right.position
                                                       : backends[left.backend].url < backends[right.backend].url;
              });
  }
}

std::size_t HashRing::first_from(std::uint32_t position) const {
  std::size_t at = buckets_[bucket_of(position)];
  while (at < points_.size() && points_[at].position < position) {
    ++at;
  }
  return at;
}

}  // namespace fairlead::balance
