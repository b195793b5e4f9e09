// How much worse than the best a choice by load was, by the loads that it was made on: the proof that a strategy works,
// and the price of what it knowingly gives away (two random looks, spreading against a herd). Pure; used where loads
// were read anyway.
#pragma once

#include "core/balance/strategy.hpp"

namespace fairlead::balance {

/// Requests in flight to `chosen` beyond what it would have if it were loaded, for its weight, as the least loaded
/// eligible backend is; 0: it was the least. With equal weights the difference of the two loads.
double regret_of(const BackendSet& backends, const PickInput& input, BackendIndex chosen);

}  // namespace fairlead::balance
