// Any bytes as a query: what is read is what is dropped, and dropping twice changes nothing more.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "core/routing/query.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* start, std::size_t size) {
  using fairlead::check;
  using namespace fairlead::routing;  // NOLINT: a program of its own
  constexpr std::string_view name = "s";
  const std::string_view query(reinterpret_cast<const char*>(start), size);
  const auto value = query_value(query, name);
  std::string rest;
  append_query_without(rest, query, name);
  check(value.has_value() || rest == query, "a query without the parameter stays as it is");
  check(!value || rest.size() < query.size(), "a parameter that was read is dropped");
  check(!query_value(rest, name), "nothing of that name is left");
  std::string again;
  append_query_without(again, rest, name);
  check(again == rest, "dropping twice changes nothing more");
  return 0;
}
