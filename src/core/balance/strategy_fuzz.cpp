// Any set, loads and eligibility: each strategy of the roster keeps its contract.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "core/balance/strategy.hpp"

namespace {

using namespace fairlead;           // NOLINT: a program of its own
using namespace fairlead::balance;  // NOLINT

/// Numbers from the fuzzer's bytes; zeros when they are used up.
class Bytes {
 public:
  Bytes(const std::uint8_t* start, std::size_t size) : next_(start), end_(start + size) {}

  [[nodiscard]] bool empty() const { return next_ == end_; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : *next_++; }
  std::uint32_t number() {
    // Mostly small, so that equals happen; now and then the extremes.
    const std::uint8_t first = byte();
    return first < 0xff ? first % 16U : ~std::uint32_t{0} - byte();
  }
  /// Mostly some milliseconds or unknown; now and then any float there is, no number among them.
  float latency() {
    const std::uint8_t first = byte();
    if (first < 0xf0) {
      return static_cast<float>(first % 16U) * 1e-3F;
    }
    const std::uint32_t high = byte();
    return std::bit_cast<float>(high << 24 | std::uint32_t{byte()} << 16);
  }

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

struct Given {
  std::vector<Backend> backends;
  std::vector<std::uint32_t> loads;
  std::vector<std::uint8_t> eligible;
  std::vector<float> latencies;
  std::uint64_t ticket = 0;
  bool any_eligible = false;
};

Given read_given(Bytes& bytes) {
  Given given;
  for (int shift = 0; shift < 64; shift += 8) {
    given.ticket |= std::uint64_t{bytes.byte()} << shift;
  }
  const bool all_eligible = bytes.byte() % 4 == 0;
  while (!bytes.empty() && given.backends.size() < 64) {
    given.backends.push_back(Backend{std::to_string(given.backends.size()), "b", 80, bytes.number(), nullptr});
    given.loads.push_back(bytes.number());
    given.eligible.push_back(bytes.byte() % 2);
    given.latencies.push_back(bytes.latency());
    given.any_eligible = given.any_eligible || all_eligible || given.eligible.back() != 0;
  }
  if (all_eligible) {
    given.eligible.clear();
  }
  return given;
}

void hold_contract(const Strategy& strategy, const Given& given, const PickInput& input) {
  const auto pick = strategy.pick(input);
  check(pick.has_value() == given.any_eligible, "none only if none is eligible");
  check(!pick || *pick < given.backends.size(), "a pick is in the set");
  check(!pick || given.eligible.empty() || given.eligible[*pick] != 0, "a pick is eligible");
  check(strategy.pick(input) == pick, "the same input gives the same pick");
}

void hold_contract(const Strategy& strategy, const Given& given) {
  PickInput input;
  input.ticket = given.ticket;
  input.loads = given.loads;
  input.eligible = given.eligible;
  input.random = given.ticket * 0x9e3779b97f4a7c15ULL;
  input.hash = input.random;
  hold_contract(strategy, given, input);
  for (const float load_max : {1.0F, 1.25F, 1e30F}) {
    input.load_max = load_max;
    hold_contract(strategy, given, input);
  }
  input.load_max = 0;
  input.latencies = given.latencies;
  hold_contract(strategy, given, input);
  for (const float expected : {static_cast<float>(given.ticket % 100), 1e-20F, 1e30F}) {
    input.expected = expected;
    hold_contract(strategy, given, input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* start, std::size_t size) {
  Bytes bytes(start, size);
  const Given given = read_given(bytes);
  const BackendSet backends(given.backends);
  for (const std::string_view name : strategy_names()) {
    hold_contract(*make_strategy(*strategy_of(name), backends), given);
  }
  return 0;
}
