// host[:port], as it stands in Host fields and absolute-form targets (RFC 9110 section 4.2, RFC 3986 section 3.2).
// Used by head_parser. Pure.
#pragma once

#include <string_view>

namespace fairlead::http {

/// A name, an IPv4 address or an IPv6 address in brackets, with an optional port (at most 65535, may be empty as in
/// "host:"). Refused: an empty host, user information, zones, commas, percent signs that escape nothing.
bool is_authority(std::string_view text);

}  // namespace fairlead::http
