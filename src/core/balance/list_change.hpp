// What became of a pool's list, for whoever tells an operator: which backends came, went, drain, take requests again or
// weigh otherwise. A list that only has another order or repeats says nothing of these. Used by the controller. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/balance/listed_backend.hpp"

namespace fairlead::balance {

struct ListChange {
  using Urls = std::vector<std::string>;
  Urls added{};
  Urls removed{};
  Urls draining{};
  Urls taking{};  ///< requests again, having drained
  Urls reweighed{};
};

ListChange change_between(const std::vector<ListedBackend>& before, const std::vector<ListedBackend>& after);

/// "added URL,URL; drains URL": of each kind the first three, and how many more there are; "order" when only that or
/// repeats differ.
std::string shown(const ListChange& change);

}  // namespace fairlead::balance
