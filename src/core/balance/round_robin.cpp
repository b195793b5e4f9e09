// In turn, by weight. With equal weights position i of the cycle is backend i: servers[ticket % n]. With others the
// cycle is that of smooth weighted round robin: each step every backend gains its weight, the richest serves (the
// first of equals) and pays the total, so a heavy backend's turns are spread out instead of in a row.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <vector>

#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

constexpr std::uint64_t cycle_max = 65'536;

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
  std::vector<BackendIndex> members;
  std::uint64_t turns_taken = 0;

  [[nodiscard]] BackendIndex next() const { return members[turns_taken % members.size()]; }
  [[nodiscard]] std::int64_t balance(std::uint64_t weight, std::uint64_t step, std::uint64_t total) const {
    return static_cast<std::int64_t>(weight * (step + 1)) -
           static_cast<std::int64_t>(total * (turns_taken / members.size()));
  }
};

std::vector<BackendIndex> smooth_cycle(const std::vector<std::uint64_t>& weights) {
  std::map<std::uint64_t, Peers> by_weight;
  for (std::size_t index = 0; index < weights.size(); ++index) {
    by_weight[weights[index]].members.push_back(static_cast<BackendIndex>(index));
  }
  const std::uint64_t total = total_of(weights);
  std::vector<BackendIndex> cycle;
  cycle.reserve(total);
  for (std::uint64_t step = 0; step < total; ++step) {
    Peers* richest = nullptr;
    std::int64_t most = 0;
    for (auto& [weight, peers] : by_weight) {
      const std::int64_t balance = peers.balance(weight, step, total);
      if (richest == nullptr || balance > most || (balance == most && peers.next() < richest->next())) {
        richest = &peers;
        most = balance;
      }
    }
    cycle.push_back(richest->next());
    ++richest->turns_taken;
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
