#include "core/balance/latency.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {
namespace {

std::uint64_t word_of(LatencyEstimate estimate) {
  return std::uint64_t{estimate.as_of_ms} << 32 | std::bit_cast<std::uint32_t>(estimate.seconds);
}

LatencyEstimate estimate_of(std::uint64_t word) {
  return {std::bit_cast<float>(static_cast<std::uint32_t>(word)), static_cast<std::uint32_t>(word >> 32)};
}

/// Time is kept modulo 49 days; a worker's clock may be a turn behind another's, which isn't an age of 49 days.
std::uint32_t age_ms(LatencyEstimate estimate, std::int64_t now_ms) {
  constexpr std::uint32_t behind_max = 60'000;
  const std::uint32_t age = static_cast<std::uint32_t>(now_ms) - estimate.as_of_ms;
  return age >= 0U - behind_max ? 0 : age;
}

float kept_after(std::uint32_t age) {
  return age == 0 ? 1 : std::exp(static_cast<float>(age) * -1e-3F / latency_memory.count());
}

}  // namespace

LatencyEstimate after(LatencyEstimate estimate, LatencyMeasured measured, std::int64_t now_ms) {
  const float took = std::clamp(measured.took, latency_min, latency_max).count();
  if (estimate.seconds <= 0) {
    return measured.is_good ? LatencyEstimate{took, static_cast<std::uint32_t>(now_ms)} : estimate;
  }
  const std::uint32_t age = age_ms(estimate, now_ms);
  if (!measured.is_good) {
    return {std::max(estimate.seconds, took), estimate.as_of_ms + age};
  }
  const float kept = kept_after(age);
  const bool is_peak = took >= estimate.seconds * kept;
  return {is_peak ? took : estimate.seconds * kept + took * (1 - kept), estimate.as_of_ms + age};
}

float faded(LatencyEstimate estimate, std::int64_t now_ms) {
  return estimate.seconds <= 0 ? 0 : estimate.seconds * kept_after(age_ms(estimate, now_ms));
}

LatencyEstimate LatencyCell::estimate() const {
  return estimate_of(word_.load(std::memory_order_relaxed));
}

void LatencyCell::note(LatencyMeasured measured, std::int64_t now_ms) {
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  while (!word_.compare_exchange_weak(word, word_of(after(estimate_of(word), measured, now_ms)),
                                      std::memory_order_relaxed)) {
  }
}

bool LatencyCell::adopt(LatencyEstimate told, LatencyEstimate seen) {
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  while (estimate_of(word).seconds <= seen.seconds) {
    if (word_.compare_exchange_weak(word, word_of(told), std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void fill_latencies(const BackendSet& backends, std::int64_t now_ms, std::vector<float>& latencies) {
  latencies.clear();
  for (const Backend& backend : backends) {
    latencies.push_back(faded(backend.activity->latency.estimate(), now_ms));
  }
}

}  // namespace fairlead::balance
