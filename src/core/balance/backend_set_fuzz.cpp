// Any bytes as a backend URL: what is accepted can be written again from its parts and reads back as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "core/balance/backend_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* start, std::size_t size) {
  using fairlead::check;
  using fairlead::balance::parse_backend_url;
  const std::string_view url(reinterpret_cast<const char*>(start), size);
  const auto address = parse_backend_url(url);
  if (!address) {
    check(!address.error().detail.empty(), "a rejected URL comes with the rule it breaks");
    return 0;
  }
  check(!address->host.empty() && address->port != 0, "an accepted URL has a host and a port");
  const bool is_ipv6 = address->host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? '[' + address->host + ']' : address->host;
  const auto again = parse_backend_url("http://" + host + ':' + std::to_string(address->port) + '/');
  check(again && again->host == address->host && again->port == address->port, "an address reads back as the same");
  return 0;
}
