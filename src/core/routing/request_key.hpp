// The key by which a request is kept on a backend, as a hash: of a header's, a cookie's or a query parameter's value as
// it stands, or of the client's address. Reads the parsed head and allocates nothing. What the client can write it can
// choose: the bounded load of consistent_hash is what keeps a chosen key from filling a backend.
// Used by admission; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/ip_address.hpp"
#include "core/http/message.hpp"
#include "core/routing/address_range.hpp"

namespace fairlead::routing {

struct KeyRule {
  enum class Source : std::uint8_t { client_address, header, cookie, query_parameter };

  Source source = Source::client_address;
  std::string name;  ///< empty for an address; a header's is compared without regard to case, the others as they stand

  friend bool operator==(const KeyRule&, const KeyRule&) = default;
};

/// Who sent the request.
struct KeyOrigin {
  IpBytes peer{};
  std::span<const AddressRange> trusted_proxies;
};

/// Nothing: the request has no such value, or an empty one. An address is the peer's; if that is a trusted proxy, the
/// last one of X-Forwarded-For that isn't.
std::optional<std::uint64_t> request_key(const KeyRule& rule, const http::RequestHead& head, const KeyOrigin& origin);

}  // namespace fairlead::routing
