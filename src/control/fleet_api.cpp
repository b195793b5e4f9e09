#include "control/fleet_api.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "control/asked.hpp"
#include "control/fleet_json.hpp"
#include "core/routing/query.hpp"
#include "io/milliseconds.hpp"

namespace fairlead::control {
namespace {

ApiAnswer problem(int status, std::string_view detail, std::string_view allow = {}) {
  return {.status = status, .body = {}, .detail = detail, .allow = allow};
}

/// P of /api/v1/pools/P/backends.
std::optional<std::string_view> pool_in(std::string_view path) {
  constexpr std::string_view before = "/api/v1/pools/";
  constexpr std::string_view after = "/backends";
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size()) {
    return std::nullopt;
  }
  const std::string_view name = path.substr(before.size(), path.size() - before.size() - after.size());
  return name.find('/') == std::string_view::npos ? std::optional(name) : std::nullopt;
}

bool is_read(http::Method method) {
  return method == http::Method::get || method == http::Method::head;
}

}  // namespace

const routing::Pool* FleetApi::find_pool(std::string_view name) const {
  const auto& pools = controller_.snapshot()->pools;
  const auto found = std::ranges::find_if(pools, [name](const auto& pool) { return pool->name == name; });
  return found == pools.end() ? nullptr : found->get();
}

io::Task<ApiAnswer> FleetApi::serve(const ApiRequest& request) {
  const bool is_fleet = request.path == "/api/v1/fleet";
  if (is_fleet || request.path == "/api/v1/pools") {
    if (!is_read(request.method)) {
      co_return problem(405, "this path takes GET and HEAD", "GET, HEAD");
    }
    if (is_fleet) {
      ApiAnswer shown = co_await show_fleet();
      co_return shown;
    }
    ApiAnswer answer;
    append_pools(answer.body, controller_);
    co_return answer;
  }
  const std::optional<std::string_view> pool = pool_in(request.path);
  if (!pool) {
    co_return problem(404, "the API has /api/v1/fleet, /api/v1/pools and /api/v1/pools/POOL/backends");
  }
  if (find_pool(*pool) == nullptr) {
    co_return problem(404, "no pool of that name; /api/v1/pools lists them");
  }
  std::string name(*pool);
  ApiAnswer answer = co_await serve_backends(std::move(name), request);
  co_return answer;
}

io::Task<ApiAnswer> FleetApi::show_fleet() {
  Asked<FleetView> asked;
  desk_.look(asked.answer());
  const FleetView view = co_await asked;
  ApiAnswer answer;
  append_fleet(answer.body, view, version_);
  co_return answer;
}

io::Task<ApiAnswer> FleetApi::serve_backends(std::string pool_name, const ApiRequest& request) {
  if (is_read(request.method)) {
    Asked<FleetView> asked;
    desk_.look(asked.answer());
    const FleetView view = co_await asked;
    const routing::Pool* pool = find_pool(pool_name);
    if (pool == nullptr) {
      co_return problem(404, "no pool of that name; /api/v1/pools lists them");
    }
    ApiAnswer answer;
    append_backends(answer.body, controller_, *pool, view, io::milliseconds_of(loop_.now()));
    co_return answer;
  }
  balance::BackendEdit wanted;
  if (request.method == http::Method::post) {
    Result<balance::BackendEdit> parsed = parse_backend_edit(request.body);
    if (!parsed) {
      co_return problem(400, parsed.error().detail);
    }
    wanted = std::move(*parsed);
  } else if (request.method == http::Method::delete_) {
    wanted.kind = balance::BackendEdit::Kind::remove;
    wanted.url = routing::query_value(request.query, "url").value_or("");
    if (wanted.url.empty()) {
      co_return problem(400, "say which backend with ?url=http://HOST:PORT");
    }
  } else {
    co_return problem(405, "this path takes GET, HEAD, POST and DELETE", "GET, HEAD, POST, DELETE");
  }
  ApiAnswer answer = co_await edit(std::move(pool_name), wanted);
  co_return answer;
}

io::Task<ApiAnswer> FleetApi::edit(std::string pool_name, const balance::BackendEdit& wanted) {
  Asked<Result<balance::EditOutcome>> asked;
  desk_.edit(pool_name, wanted, asked.answer());
  const Result<balance::EditOutcome> outcome = co_await asked;
  if (!outcome) {
    co_return problem(503, outcome.error().detail);
  }
  if (*outcome == balance::EditOutcome::unknown_backend) {
    co_return problem(404, "the pool has no such backend");
  }
  ApiAnswer answer;
  if (wanted.kind == balance::BackendEdit::Kind::remove) {
    answer.status = 204;
    co_return answer;
  }
  Asked<FleetView> looked;
  desk_.look(looked.answer());
  const FleetView view = co_await looked;
  answer.status = *outcome == balance::EditOutcome::added ? 201 : 200;
  if (const routing::Pool* pool = find_pool(pool_name)) {
    append_backend(answer.body, controller_, *pool, wanted.url, view, io::milliseconds_of(loop_.now()));
  }
  co_return answer;
}

}  // namespace fairlead::control
