// In turn, by weight. With equal weights position i of the cycle is backend i: servers[ticket % n]. With others the
// cycle is that of smooth weighted round robin: each step every backend gains its weight, the richest serves (the
// first of equals) and pays the total, so a heavy backend's turns are spread out instead of in a row.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

/// Short enough to go along with a call to Redis (exact coordination), long enough for weights within a percent or two.
constexpr std::uint64_t cycle_max = 4'096;

std::uint64_t total_of(const std::vector<std::uint64_t>& weights) {
  return std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
}

/// Weights divided by their common divisor and, if a cycle would still be too long, scaled down to fit (1 at least).
std::vector<std::uint64_t> turns_of(const BackendSet& backends) {
  std::uint64_t divisor = 0;
  std::vector<std::uint64_t> weights;
  weights.reserve(backends.size());
  for (const Backend& backend : backends) {
    weights.push_back(backend.weight);
    divisor = std::gcd(divisor, std::uint64_t{backend.weight});
  }
  for (std::uint64_t& weight : weights) {
    weight /= divisor;
  }
  const std::uint64_t total = total_of(weights);
  if (total > cycle_max) {
    const std::uint64_t room = cycle_max - std::min<std::uint64_t>(cycle_max, weights.size());
    for (std::uint64_t& weight : weights) {
      weight = std::max<std::uint64_t>(1, weight * room / total);
    }
  }
  return weights;
}

/// Backends of one weight gain alike, so the richest of them is always the one that waited longest: a queue. A step
/// then looks at each distinct weight instead of each backend.
struct Peers {
  std::int64_t weight = 0;
  std::int64_t balance = 0;  ///< of the next one
  std::size_t position = 0;
  std::vector<BackendIndex> members;

  [[nodiscard]] BackendIndex next() const { return members[position]; }
  [[nodiscard]] bool is_richer_than(const Peers& other) const {
    return balance > other.balance || (balance == other.balance && next() < other.next());
  }
  void pay(std::int64_t total) {
    if (++position == members.size()) {
      position = 0;
      balance -= total;
    }
  }
};

std::vector<Peers> peers_of(const std::vector<std::uint64_t>& weights) {
  std::map<std::uint64_t, Peers> by_weight;
  for (std::size_t index = 0; index < weights.size(); ++index) {
    Peers& peers = by_weight[weights[index]];
    peers.weight = static_cast<std::int64_t>(weights[index]);
    peers.members.push_back(static_cast<BackendIndex>(index));
  }
  std::vector<Peers> list;
  list.reserve(by_weight.size());
  for (auto& [weight, peers] : by_weight) {
    list.push_back(std::move(peers));
  }
  return list;
}

std::vector<BackendIndex> smooth_cycle(const std::vector<std::uint64_t>& weights) {
  std::vector<Peers> all = peers_of(weights);
  const std::uint64_t total = total_of(weights);
  std::vector<BackendIndex> cycle;
  cycle.reserve(total);
  while (cycle.size() < total) {
    Peers* richest = &all.front();
    for (Peers& peers : all) {
      peers.balance += peers.weight;
      richest = peers.is_richer_than(*richest) ? &peers : richest;
    }
    cycle.push_back(richest->next());
    richest->pay(static_cast<std::int64_t>(total));
  }
  return cycle;
}

class RoundRobin final : public Strategy {
 public:
  explicit RoundRobin(const BackendSet& backends) : size_(backends.size()) {
    if (!backends.uniform()) {
      cycle_ = smooth_cycle(turns_of(backends));
    }
  }

  [[nodiscard]] std::span<const BackendIndex> turns() const override { return cycle_; }
  [[nodiscard]] std::optional<BackendIndex> pick(const PickInput& input) const override {
    if (size_ == 0) {
      return std::nullopt;
    }
    const std::size_t first = slot(input.ticket);
    for (std::size_t step = 0; step < size_; ++step) {
      const std::size_t index = first + step < size_ ? first + step : first + step - size_;
      if (input.eligible.empty() || input.eligible[index] != 0) {
        return static_cast<BackendIndex>(index);
      }
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::size_t slot(std::uint64_t ticket) const {
    return cycle_.empty() ? ticket % size_ : cycle_[ticket % cycle_.size()];
  }

  std::size_t size_;
  std::vector<BackendIndex> cycle_;  ///< empty when all weights are equal
};

}  // namespace

std::unique_ptr<Strategy> make_round_robin(const BackendSet& backends) {
  return std::make_unique<RoundRobin>(backends);
}

}  // namespace fairlead::balance
