// Whether a request is let in, and on which terms: its route, the strategy it asks for, its body's size, the path and
// query that go to the backend. Decides from the head and the snapshot alone; nothing was sent or read yet.
#pragma once

#include <cstdint>
#include <optional>

#include "core/http/body_framing.hpp"
#include "core/http/problem.hpp"
#include "core/routing/snapshot.hpp"
#include "proxy/downstream_connection.hpp"

namespace fairlead::proxy {

struct Admission {
  static constexpr std::uint32_t no_route = UINT32_MAX;

  const routing::Route* route = nullptr;  ///< nullptr: no route serves; `refusal` says so
  std::uint32_t route_index = no_route;   ///< also of a route that has the path but takes other methods (405)
  const routing::Pool* pool = nullptr;
  balance::StrategyId strategy = balance::StrategyId::round_robin;
  std::optional<std::uint64_t> key_hash;  ///< if the strategy needs a key and the request has it
  http::BodyFraming framing;
  bool is_refused = false;
  http::Problem refusal;  ///< when refused; its texts live in `allow` or are static
  std::string allow;
};

/// `memory` holds the head; its `path` and `query` are filled with what goes to the backend. `peer` is the client's
/// end of the connection.
Admission admit(const routing::Snapshot& snapshot, RequestMemory& memory, const IpBytes& peer);

}  // namespace fairlead::proxy
