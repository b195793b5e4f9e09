#include "core/balance/backend_edit.hpp"

#include <algorithm>

namespace fairlead::balance {
namespace {

void apply(const BackendEdit& edit, ListedBackend& backend, std::int64_t now_ms) {
  backend.weight = edit.weight.value_or(backend.weight);
  if (edit.kind == BackendEdit::Kind::add) {
    backend.draining_since_ms = 0;
  } else if (!backend.is_draining()) {
    backend.draining_since_ms = now_ms;
  }
}

}  // namespace

EditOutcome apply(const BackendEdit& edit, std::vector<ListedBackend>& list, std::int64_t now_ms) {
  if (edit.kind == BackendEdit::Kind::remove) {
    const std::size_t removed = std::erase_if(list, [&edit](const auto& listed) { return listed.url == edit.url; });
    return removed > 0 ? EditOutcome::changed : EditOutcome::unknown_backend;
  }
  bool is_listed = false;
  bool is_changed = false;
  for (ListedBackend& backend : list) {
    if (backend.url == edit.url) {
      const ListedBackend before = backend;
      apply(edit, backend, now_ms);
      is_listed = true;
      is_changed = is_changed || backend != before;
    }
  }
  if (is_listed) {
    return is_changed ? EditOutcome::changed : EditOutcome::unchanged;
  }
  if (edit.kind == BackendEdit::Kind::drain) {
    return EditOutcome::unknown_backend;
  }
  list.push_back({.url = edit.url, .weight = edit.weight.value_or(1)});
  return EditOutcome::added;
}

}  // namespace fairlead::balance
