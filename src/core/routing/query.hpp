// A request's query as `name=value` pairs between ampersands: reading the one that chooses the strategy or is the key,
// and passing the rest on as it came. Names are compared as they stand, so that what is read is what is dropped. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::routing {

/// The value of the first parameter of that name as it stands, a view into `query`; empty for one without '='.
std::optional<std::string_view> raw_query_value(std::string_view query, std::string_view name);

/// The same percent-decoded ("round%5Frobin"). A '%' without two hex digits stands for itself.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// Appends `query` without any parameter of that name; all others stay byte for byte and in order.
void append_query_without(std::string& out, std::string_view query, std::string_view name);

}  // namespace fairlead::routing
