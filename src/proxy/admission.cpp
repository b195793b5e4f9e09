#include "proxy/admission.hpp"

#include <optional>

#include "core/routing/query.hpp"

namespace fairlead::proxy {
namespace {

void refuse(Admission& admission, int status, std::string_view detail) {
  admission.is_refused = true;
  admission.refusal.status = status;
  admission.refusal.detail = detail;
}

/// False: refused.
bool find_route(Admission& admission, const routing::Snapshot& snapshot, const http::RequestHead& head) {
  // "OPTIONS *" asks about the server as a whole: whoever serves everything below "/" answers it.
  const std::string_view path = head.path == "*" ? std::string_view("/") : head.path;
  routing::RouteTable::Match match = snapshot.routes.match(path, head.method_text);
  if (match.route != nullptr) {
    admission.route = match.route;
    admission.route_index = match.index;
    admission.pool = snapshot.pools[match.route->pool].get();
    admission.strategy = match.route->strategy.value_or(admission.pool->default_strategy);
    return true;
  }
  if (match.allow.empty()) {
    refuse(admission, 404, "no route serves this path");
  } else {
    refuse(admission, 405, "this path takes other methods");
    admission.route_index = match.index;
    admission.allow = std::move(match.allow);
  }
  return false;
}

/// Names the roster; of static storage, as problems want it.
std::string_view unknown_strategy() {
  static const std::string text = [] {
    std::string names;
    for (const std::string_view name : balance::strategy_names()) {
      names.append(names.empty() ? "" : ", ").append(name);
    }
    return "unknown strategy; use one of: " + names;
  }();
  return text;
}

bool choose_strategy(Admission& admission, const http::RequestHead& head) {
  const std::string& parameter = admission.route->strategy_parameter;
  if (parameter.empty() || head.query.empty()) {
    return true;
  }
  const std::optional<std::string> asked = routing::query_value(head.query, parameter);
  if (!asked) {
    return true;
  }
  const std::optional<balance::StrategyId> strategy = balance::strategy_of(*asked);
  if (!strategy) {
    refuse(admission, 400, unknown_strategy());
    return false;
  }
  admission.strategy = *strategy;
  return true;
}

void find_key(Admission& admission, const routing::Snapshot& snapshot, const http::RequestHead& head,
              const IpBytes& peer) {
  const routing::Pool& pool = *admission.pool;
  if (pool.strategy(admission.strategy).needs_key()) {
    admission.key_hash = routing::request_key(pool.affinity.key, head, {peer, snapshot.trusted_proxies});
  }
}

void rewrite(const routing::Route& route, RequestMemory& memory) {
  const http::RequestHead& head = memory.request;
  memory.path.assign(route.rewrite_path.empty() ? head.path : std::string_view(route.rewrite_path));
  memory.query.clear();
  if (route.strategy_parameter.empty()) {
    memory.query.assign(head.query);
  } else {
    routing::append_query_without(memory.query, head.query, route.strategy_parameter);
  }
}

}  // namespace

Admission admit(const routing::Snapshot& snapshot, RequestMemory& memory, const IpBytes& peer) {
  Admission admission;
  const http::RequestHead& head = memory.request;
  const Result<http::BodyFraming> framing = http::request_framing(head);
  if (!framing) {
    refuse(admission, framing.error().code, framing.error().detail);
    admission.refusal.close = true;
    return admission;
  }
  admission.framing = *framing;
  if (!find_route(admission, snapshot, head) || !choose_strategy(admission, head)) {
    return admission;
  }
  if (admission.route->body_max != 0 && framing->length > admission.route->body_max) {
    refuse(admission, 413, "the body is larger than this route allows");
    return admission;
  }
  find_key(admission, snapshot, head, peer);
  rewrite(*admission.route, memory);
  return admission;
}

}  // namespace fairlead::proxy
