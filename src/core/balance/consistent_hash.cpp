// The backend that owns the request's key on a hash ring, so that a key stays where it is while backends come and go;
// with bounded loads: V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016). A
// backend whose requests in flight exceed its share of them all times PickInput::load_max, rounded up, is passed over
// for the next on the ring. One more than in the paper may be there: counts are a moment old, and at a quiet time a
// key's second request is no overload.
#include <cmath>
#include <cstdint>
#include <numeric>

#include "core/balance/draw.hpp"
#include "core/balance/hash_ring.hpp"
#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

class ConsistentHash final : public Strategy {
 public:
  explicit ConsistentHash(const BackendSet& backends) : backends_(backends), ring_(backends) {
    for (const Backend& backend : backends) {
      weight_ += backend.weight;
    }
  }

  [[nodiscard]] bool needs_loads() const override { return true; }
  [[nodiscard]] bool needs_key() const override { return true; }

  [[nodiscard]] std::optional<BackendIndex> pick(const PickInput& input) const override {
    const auto position = static_cast<std::uint32_t>(next_random(input.hash) >> 32);
    const auto may_serve = [&input](BackendIndex index) { return input.may_serve(index); };
    if (input.load_max <= 0 || input.loads.size() < backends_.size()) {
      return ring_.nearest(position, may_serve);
    }
    const double bound = load_a_weight(input) * static_cast<double>(input.load_max);
    const std::optional<BackendIndex> within = ring_.nearest(position, [&](BackendIndex index) {
      return may_serve(index) && input.loads[index] <= std::ceil(bound * backends_[index].weight);
    });
    return within ? within : ring_.nearest(position, may_serve);
  }

 private:
  /// Of those that may serve: then, with a load_max of at least 1, one of them is always within the bound.
  [[nodiscard]] double load_a_weight(const PickInput& input) const {
    std::uint64_t load = 0;
    std::uint64_t weight = 0;
    if (input.eligible.empty()) {
      load = std::accumulate(input.loads.begin(), input.loads.end(), load);
      weight = weight_;
    } else {
      for (BackendIndex index = 0; index < backends_.size(); ++index) {
        load += input.may_serve(index) ? input.loads[index] : 0;
        weight += input.may_serve(index) ? backends_[index].weight : 0;
      }
    }
    return weight == 0 ? 0 : static_cast<double>(load) / static_cast<double>(weight);
  }

  const BackendSet& backends_;
  HashRing ring_;
  std::uint64_t weight_ = 0;  ///< of all
};

}  // namespace

std::unique_ptr<Strategy> make_consistent_hash(const BackendSet& backends) {
  return std::make_unique<ConsistentHash>(backends);
}

}  // namespace fairlead::balance
