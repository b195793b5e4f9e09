// Any backend, by weight. Knows nothing, needs nothing, and is never wrong by much when there are many requests.
#include "core/balance/draw.hpp"
#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

class Random final : public Strategy {
 public:
  explicit Random(const BackendSet& backends) : backends_(backends) {}

  [[nodiscard]] bool needs_chance() const override { return true; }
  [[nodiscard]] std::optional<BackendIndex> pick(const PickInput& input) const override {
    return draw_by_weight(backends_, input, input.random);
  }

 private:
  const BackendSet& backends_;
};

}  // namespace

std::unique_ptr<Strategy> make_random(const BackendSet& backends) {
  return std::make_unique<Random>(backends);
}

}  // namespace fairlead::balance
