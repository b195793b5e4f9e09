// Any bytes as what a key is read from: it ends, reads nothing beyond them, and is the same when asked again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "core/routing/request_key.hpp"

namespace {

using namespace fairlead;           // NOLINT: a program of its own
using namespace fairlead::routing;  // NOLINT

/// The lines of the input as that field, repeated, and the whole as the query.
http::RequestHead head_of(std::string_view text, std::string_view name, http::FieldId id) {
  http::RequestHead head;
  head.query = text;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    head.fields.push_back({name, text.substr(0, end), id});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return head;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* start, std::size_t size) {
  using Source = KeyRule::Source;
  const std::string_view text(reinterpret_cast<const char*>(start), size);
  const std::vector<AddressRange> trusted{AddressRange{.address = {0xfd}, .prefix_bits = 1}, AddressRange{}};
  const KeyOrigin origin{.peer = {}, .trusted_proxies = trusted};
  const http::RequestHead cookies = head_of(text, "Cookie", http::FieldId::other);
  const http::RequestHead forwarded = head_of(text, "X-Forwarded-For", http::FieldId::x_forwarded_for);
  for (const Source source : {Source::cookie, Source::header, Source::query_parameter}) {
    const KeyRule rule{source, source == Source::header ? "cookie" : "s"};
    check(request_key(rule, cookies, origin) == request_key(rule, cookies, origin), "a key is always the same");
  }
  check(request_key({}, forwarded, origin).has_value(), "every client has an address");
  return 0;
}
