#include "control/fleet_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/json_writer.hpp"
#include "core/balance/health.hpp"

namespace fairlead::control {
namespace {

Error malformed(std::string_view detail) {
  return Error{ErrorKind::malformed, Side::downstream, 400, detail};
}

/// Empty: in order.
std::string_view take_member(balance::BackendEdit& edit, std::string_view name, simdjson::dom::element value) {
  using Kind = balance::BackendEdit::Kind;
  std::string_view text;
  std::uint64_t number = 0;
  if (name == "url") {
    if (value.get(text) != simdjson::SUCCESS) {
      return "url must be a text such as \"http://HOST:PORT\"";
    }
    edit.url = text;
    const Result<balance::BackendAddress> address = balance::parse_backend_url(edit.url);
    return address ? std::string_view() : address.error().detail;
  }
  if (name == "weight") {
    if (value.get(number) != simdjson::SUCCESS || number == 0 || number > balance::weight_max) {
      return "weight must be a whole number from 1 to 1000";
    }
    edit.weight = static_cast<std::uint32_t>(number);
    return {};
  }
  if (name == "state") {
    if (value.get(text) != simdjson::SUCCESS || (text != "up" && text != "draining")) {
      return "state must be \"up\" or \"draining\"";
    }
    edit.kind = text == "up" ? Kind::add : Kind::drain;
    return {};
  }
  return "a member of the body isn't known; url, weight and state are";
}

std::string_view state_of(const balance::ListedBackend& listed, const balance::Backend* backend, std::int64_t now_ms) {
  if (listed.is_draining()) {
    return "draining";
  }
  return backend != nullptr && balance::rests(*backend->activity, now_ms) ? "resting" : "up";
}

const balance::Backend* find(const routing::Pool& pool, std::string_view url) {
  const balance::Backend* serving = pool.backends.find(url);
  return serving != nullptr ? serving : pool.draining.find(url);
}

std::int64_t sum_of(const std::map<std::string, std::int64_t>& by_pool) {
  std::int64_t sum = 0;
  for (const auto& [pool, number] : by_pool) {
    sum += number;
  }
  return sum;
}

void write_backend(JsonWriter& json, const balance::ListedBackend& listed, const routing::Pool& pool,
                   const FleetView& view, std::int64_t now_ms) {
  const balance::Backend* backend = find(pool, listed.url);
  json.begin_object().member("url", listed.url).member("weight", std::int64_t{listed.weight});
  json.member("state", state_of(listed, backend, now_ms));
  if (listed.is_draining()) {
    json.member("draining_since_ms", listed.draining_since_ms);
  }
  json.key("in_flight").begin_object();
  json.member("local", backend == nullptr ? 0 : std::int64_t{backend->activity->in_flight.load()});
  if (const auto fleet = view.in_flight.find({pool.name, listed.url}); fleet != view.in_flight.end()) {
    json.member("fleet", fleet->second);
  }
  json.end_object().end_object();
}

}  // namespace

Result<balance::BackendEdit> parse_backend_edit(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  const simdjson::padded_string text(body);
  if (parser.parse(text).get(members) != simdjson::SUCCESS) {
    return malformed("the body must be a JSON object such as {\"url\": \"http://HOST:PORT\"}");
  }
  balance::BackendEdit edit;
  std::set<std::string_view> seen;
  for (const auto member : members) {
    if (!seen.insert(member.key).second) {
      return malformed("a member of the body is given twice");
    }
    if (const std::string_view fault = take_member(edit, member.key, member.value); !fault.empty()) {
      return malformed(fault);
    }
  }
  if (edit.url.empty()) {
    return malformed("the body needs a member \"url\"");
  }
  return edit;
}

void append_fleet(std::string& out, const FleetView& view, std::string_view version) {
  JsonWriter json(out);
  json.begin_object().member("instance", view.instance).member("version", version);
  json.member("coordination", view.coordination);
  json.key("state").begin_object().member("url", view.state).member("step", view.step);
  json.member("age_ms", static_cast<std::int64_t>(std::lround(view.age_s * 1000))).end_object();
  json.key("drift");
  view.drift ? json.number(sum_of(*view.drift)) : json.null();
  json.key("members").begin_array();
  for (const FleetView::Member& member : view.members) {
    json.begin_object().member("id", member.id).key("own").boolean(member.is_own);
    json.member("lease_ms", member.lease_ms).member("in_flight", member.in_flight).end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

void append_pools(std::string& out, const Controller& controller) {
  JsonWriter json(out);
  json.begin_object().key("pools").begin_array();
  for (const auto& pool : controller.snapshot()->pools) {
    json.begin_object().member("name", pool->name).member("strategy", balance::name_of(pool->default_strategy));
    json.member("backends", static_cast<std::int64_t>(pool->backends.size()));
    json.member("draining", static_cast<std::int64_t>(pool->draining.size())).end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

void append_backends(std::string& out, const Controller& controller, const routing::Pool& pool, const FleetView& view,
                     std::int64_t now_ms) {
  JsonWriter json(out);
  json.begin_object().member("pool", pool.name);
  if (const auto refused = view.unregistered.find(pool.name); refused != view.unregistered.end()) {
    json.member("unregistered", refused->second);
  }
  json.key("backends").begin_array();
  for (const balance::ListedBackend& listed : controller.list_of(pool.name)) {
    write_backend(json, listed, pool, view, now_ms);
  }
  json.end_array().end_object();
  out += '\n';
}

void append_backend(std::string& out, const Controller& controller, const routing::Pool& pool, std::string_view url,
                    const FleetView& view, std::int64_t now_ms) {
  const std::vector<balance::ListedBackend> list = controller.list_of(pool.name);
  JsonWriter json(out);
  if (const auto listed = std::ranges::find(list, url, &balance::ListedBackend::url); listed != list.end()) {
    write_backend(json, *listed, pool, view, now_ms);
  } else {
    json.null();  // gone again since
  }
  out += '\n';
}

}  // namespace fairlead::control
