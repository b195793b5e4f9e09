#include "core/balance/list_change.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace fairlead::balance {
namespace {

constexpr std::size_t shown_max = 3;

using ByUrl = std::map<std::string_view, const ListedBackend*>;

ByUrl by_url(const std::vector<ListedBackend>& list) {
  ByUrl found;
  for (const ListedBackend& backend : list) {
    found.emplace(backend.url, &backend);
  }
  return found;
}

void append(std::string& text, std::string_view what, const ListChange::Urls& urls) {
  if (urls.empty()) {
    return;
  }
  text.append(text.empty() ? "" : "; ").append(what);
  for (std::size_t i = 0; i < std::min(urls.size(), shown_max); ++i) {
    text.append(i == 0 ? " " : ",").append(urls[i]);
  }
  if (urls.size() > shown_max) {
    text += " and " + std::to_string(urls.size() - shown_max) + " more";
  }
}

}  // namespace

ListChange change_between(const std::vector<ListedBackend>& before, const std::vector<ListedBackend>& after) {
  ListChange change;
  const ByUrl old = by_url(before);
  const ByUrl now = by_url(after);
  for (const auto& [url, backend] : now) {
    const auto found = old.find(url);
    if (found == old.end()) {
      change.added.emplace_back(url);
      continue;
    }
    if (backend->is_draining() != found->second->is_draining()) {
      (backend->is_draining() ? change.draining : change.taking).emplace_back(url);
    }
    if (backend->weight != found->second->weight) {
      change.reweighed.emplace_back(url);
    }
  }
  for (const auto& [url, backend] : old) {
    if (!now.contains(url)) {
      change.removed.emplace_back(url);
    }
  }
  return change;
}

std::string shown(const ListChange& change) {
  std::string text;
  append(text, "added", change.added);
  append(text, "removed", change.removed);
  append(text, "drains", change.draining);
  append(text, "takes requests again", change.taking);
  append(text, "weighs otherwise", change.reweighed);
  return text.empty() ? "order" : text;
}

}  // namespace fairlead::balance
