#include "control/admin_api.hpp"

#include <algorithm>

#include "control/admin_access.hpp"
#include "control/asked.hpp"
#include "control/fleet_samples.hpp"
#include "core/http/body_framing.hpp"
#include "core/metrics/prometheus_text.hpp"
#include "proxy/request_body.hpp"

namespace fairlead::control {
namespace {

void append_response(std::string& out, int status, std::string_view date, std::string_view content_type,
                     std::string_view body, bool close, bool head_only) {
  out += "HTTP/1.1 " + std::to_string(status) + ' ';
  out += http::reason_of(status);
  out.append("\r\nDate: ").append(date);
  if (status != 204) {
    out += "\r\nContent-Type: ";
    out += content_type;
    out += "\r\nContent-Length: " + std::to_string(body.size());
  }
  out += "\r\nCache-Control: no-store\r\n";
  out += close ? "Connection: close\r\n\r\n" : "\r\n";
  if (!head_only) {
    out += body;
  }
}

void append_problem(std::string& out, int status, std::string_view date, std::string_view detail,
                    std::string_view allow, bool close, bool head_only) {
  http::Problem problem;
  problem.status = status;
  problem.date = date;
  problem.detail = detail;
  problem.allow = allow;
  problem.close = close;
  problem.head_only = head_only;
  http::append_problem(out, problem);
}

/// Only the API takes bodies; one that isn't empty ends the connection after any other answer.
bool has_body(const http::BodyFraming& framing) {
  return framing.kind == http::BodyKind::chunked || framing.length > 0;
}

bool is_scrape(const http::RequestHead& request) {
  return request.path == "/metrics" && (request.method == http::Method::get || request.method == http::Method::head);
}

}  // namespace

AdminApi::AdminApi(const Parts& parts)
    : loop_(parts.loop),
      registry_(parts.registry),
      controller_(parts.controller),
      desk_(parts.desk),
      api_(parts.loop, parts.controller, parts.desk, parts.version),
      listener_(parts.loop, parts.log,
                [this](int descriptor, const io::Address& peer) { accepted(descriptor, peer); }) {}

Result<void> AdminApi::listen(io::Address& address) {
  const Result<void> opened = listener_.open(address);
  if (opened) {
    address = listener_.address();
  }
  return opened;
}

void AdminApi::accepted(int descriptor, const io::Address& peer) {
  if (closing_ || !make_room()) {
    io::PlainStream unwanted(loop_, Side::downstream);
    [[maybe_unused]] const Result<void> attached = unwanted.attach(descriptor);  // to be closed
    return;
  }
  scope_.spawn(serve_connection(descriptor, io::PeerIp(peer)));
}

bool AdminApi::make_room() {
  if (visits_.size() - visits_ended_ < connections_max) {
    return true;
  }
  const auto rank = [](const auto& visit) {
    return visit.second.is_served || visit.second.is_ended ? UINT64_MAX : visit.second.turn;
  };
  const auto longest = std::ranges::min_element(visits_, {}, rank);
  if (rank(*longest) == UINT64_MAX) {
    return false;
  }
  longest->second.is_ended = true;
  ++visits_ended_;
  longest->first->abort();
  return true;
}

io::Task<> AdminApi::serve_connection(int descriptor, io::PeerIp peer) {
  proxy::DownstreamConnection connection(loop_, memory_pool_, *this, peer);
  visits_.emplace(&connection, Visit{.turn = ++turns_});
  co_await connection.run(descriptor);
  const auto visit = visits_.find(&connection);
  visits_ended_ -= visit->second.is_ended ? 1 : 0;
  visits_.erase(visit);
}

void AdminApi::begin_work(proxy::DownstreamConnection& client) {
  visits_.at(&client).is_served = true;
}

void AdminApi::end_work(proxy::DownstreamConnection& client) {
  visits_.at(&client).is_served = false;
}

void AdminApi::close() {
  closing_ = true;
  listener_.close();
  for (const auto& [connection, visit] : visits_) {
    connection->abort();
  }
}

io::Task<proxy::Served> AdminApi::serve(proxy::DownstreamConnection& client) {
  visits_.at(&client).turn = ++turns_;
  proxy::RequestMemory& memory = client.memory();
  const Result<http::BodyFraming> framing = http::request_framing(memory.request);
  if (framing && FleetApi::serves(memory.request.path)) {
    const proxy::Served served = co_await serve_api(client, *framing);
    co_return served;
  }
  const bool unread = !framing || has_body(*framing);
  const bool close = unread || !memory.request.keep_alive;
  std::string scraped;
  if (framing && is_scrape(memory.request)) {
    begin_work(client);
    co_await append_metrics(scraped);
    end_work(client);
  }
  memory.downstream_head.clear();
  if (framing) {
    append_answer(memory.downstream_head, memory.request, scraped, close);
  } else {
    append_problem(memory.downstream_head, framing.error().code, date(), framing.error().detail, {}, close,
                   memory.request.method == http::Method::head);
  }
  const Result<void> written = co_await client.write(memory.downstream_head);
  if (!written) {
    co_return proxy::Served::broken;
  }
  if (unread) {
    co_return proxy::Served::close_unread;
  }
  co_return close ? proxy::Served::close : proxy::Served::keep_open;
}

/// Whether it may is looked at before its body is read. Who only asks has nothing to say.
io::Task<ApiAnswer> AdminApi::answer_api(proxy::DownstreamConnection& client, const http::BodyFraming& framing,
                                         bool& is_read) {
  const http::RequestHead& head = client.memory().request;
  ApiRequest request{head.method, std::string(head.path), std::string(head.query), {}};
  if (head.method == http::Method::get || head.method == http::Method::head) {
    is_read = !has_body(framing);
    begin_work(client);
    ApiAnswer shown = co_await api_.serve(request);
    end_work(client);
    co_return shown;
  }
  if (const auto refusal = refuse_write(head, client.peer_ip(), controller_.config().admin_token)) {
    co_return ApiAnswer{.status = refusal->status, .body = {}, .detail = refusal->detail};
  }
  // A page of another site can't send this type without asking first (CORS), and nobody answers that question here.
  const std::string_view type = http::field_value(head.fields, "content-type");
  if (head.method == http::Method::post && !type.starts_with("application/json")) {
    co_return ApiAnswer{.status = 415, .body = {}, .detail = "the body must be application/json"};
  }
  const auto keep = [&request](std::string_view piece) {
    request.body += piece;
    return request.body.size() <= body_max;
  };
  const Result<void> read = co_await proxy::read_body(client, policy().header, loop_.now() + policy().header, keep);
  is_read = read.has_value();
  if (!read) {
    co_return ApiAnswer{.status = read.error().code == 413 ? 413 : 400, .body = {}, .detail = read.error().detail};
  }
  begin_work(client);
  ApiAnswer answer = co_await api_.serve(request);
  end_work(client);
  co_return answer;
}

io::Task<proxy::Served> AdminApi::serve_api(proxy::DownstreamConnection& client, const http::BodyFraming& framing) {
  const bool keep_alive = client.memory().request.keep_alive;
  const bool head_only = client.memory().request.method == http::Method::head;
  bool is_read = false;
  const ApiAnswer answer = co_await answer_api(client, framing, is_read);
  const bool close = !is_read || !keep_alive;
  std::string& out = client.memory().downstream_head;
  out.clear();
  if (!answer.detail.empty()) {
    append_problem(out, answer.status, date(), answer.detail, answer.allow, close, head_only);
  } else {
    append_response(out, answer.status, date(), "application/json", answer.body, close, head_only);
  }
  const Result<void> written = co_await client.write(out);
  if (!written) {
    co_return proxy::Served::broken;
  }
  if (!is_read) {
    co_return proxy::Served::close_unread;
  }
  co_return close ? proxy::Served::close : proxy::Served::keep_open;
}

io::Task<> AdminApi::append_metrics(std::string& text) {
  Asked<FleetView> asked;
  desk_.look(asked.answer());
  const FleetView view = co_await asked;
  std::vector<metrics::FamilySamples> families = registry_.collect();
  add_fleet_samples(families, view);
  metrics::append_prometheus_text(text, families);
}

void AdminApi::append_answer(std::string& out, const http::RequestHead& request, std::string_view scraped, bool close) {
  const bool head_only = request.method == http::Method::head;
  const bool is_known = request.path == "/metrics" || request.path == "/healthz" || request.path == "/readyz";
  if (!is_known) {
    append_problem(out, 404, date(), "the admin listener serves /metrics, /healthz, /readyz and /api/v1/...", {}, close,
                   head_only);
  } else if (request.method != http::Method::get && !head_only) {
    append_problem(out, 405, date(), "this path takes GET and HEAD", "GET, HEAD", close, head_only);
  } else if (request.path == "/metrics") {
    append_response(out, 200, date(), metrics::prometheus_content_type, scraped, close, head_only);
  } else if (request.path == "/healthz" || ready_) {
    append_response(out, 200, date(), "text/plain; charset=utf-8", request.path == "/healthz" ? "ok\n" : "ready\n",
                    close, head_only);
  } else {
    append_response(out, 503, date(), "text/plain; charset=utf-8", "not ready\n", close, head_only);
  }
}

}  // namespace fairlead::control
