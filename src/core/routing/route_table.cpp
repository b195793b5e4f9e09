#include "core/routing/route_table.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::routing {
namespace {

bool takes_path(const Route& route, std::string_view path) {
  return route.is_prefix ? path.starts_with(route.path) : path == route.path;
}

bool takes_method(const Route& route, std::string_view method) {
  return route.methods.empty() || std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
}

bool has_same_path(const Route& left, const Route& right) {
  return left.is_prefix == right.is_prefix && left.path == right.path;
}

/// Methods of all routes from `first` on that share its path, each once.
std::string allowed_methods(const std::vector<Route>& routes, std::size_t first) {
  std::vector<std::string_view> methods;
  std::string list;
  for (std::size_t index = first; index < routes.size(); ++index) {
    if (!has_same_path(routes[index], routes[first])) {
      continue;
    }
    for (const std::string& method : routes[index].methods) {
      if (std::find(methods.begin(), methods.end(), method) == methods.end()) {
        methods.push_back(method);
        list += list.empty() ? "" : ", ";
        list += method;
      }
    }
  }
  return list;
}

}  // namespace

RouteTable::RouteTable(std::vector<Route> routes) : routes_(std::move(routes)) {}

RouteTable::Match RouteTable::match(std::string_view path, std::string_view method) const {
  const auto first =
      std::find_if(routes_.begin(), routes_.end(), [path](const Route& route) { return takes_path(route, path); });
  if (first == routes_.end()) {
    return {};
  }
  if (takes_method(*first, method)) {  // as nearly always
    return {&*first, static_cast<std::uint32_t>(first - routes_.begin()), {}};
  }
  const auto found = std::find_if(first + 1, routes_.end(), [first, method](const Route& route) {
    return has_same_path(route, *first) && takes_method(route, method);
  });
  if (found == routes_.end()) {
    const auto index = static_cast<std::size_t>(first - routes_.begin());
    return {nullptr, static_cast<std::uint32_t>(index), allowed_methods(routes_, index)};
  }
  return {&*found, static_cast<std::uint32_t>(found - routes_.begin()), {}};
}

}  // namespace fairlead::routing
