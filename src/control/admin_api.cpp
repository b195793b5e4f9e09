#include "control/admin_api.hpp"

#include "core/http/body_framing.hpp"
#include "core/metrics/prometheus_text.hpp"

namespace fairlead::control {
namespace {

void append_response(std::string& out, int status, std::string_view content_type, std::string_view body, bool close,
                     bool head_only) {
  out += "HTTP/1.1 " + std::to_string(status) + ' ';
  out += http::reason_of(status);
  out += "\r\nContent-Type: ";
  out += content_type;
  out += "\r\nContent-Length: " + std::to_string(body.size());
  out += "\r\nCache-Control: no-store\r\n";
  out += close ? "Connection: close\r\n\r\n" : "\r\n";
  if (!head_only) {
    out += body;
  }
}

void append_problem(std::string& out, int status, std::string_view detail, std::string_view allow, bool close,
                    bool head_only) {
  http::Problem problem;
  problem.status = status;
  problem.detail = detail;
  problem.allow = allow;
  problem.close = close;
  problem.head_only = head_only;
  http::append_problem(out, problem);
}

/// No path of this API takes a body; one that isn't empty ends the connection after its answer.
bool has_body(const http::BodyFraming& framing) {
  return framing.kind == http::BodyKind::chunked || framing.length > 0;
}

}  // namespace

AdminApi::AdminApi(io::EventLoop& loop, const metrics::Registry& registry, const Log& log)
    : loop_(loop),
      registry_(registry),
      listener_(loop, log, [this](int descriptor, const io::Address& peer) { accepted(descriptor, peer); }) {}

Result<void> AdminApi::listen(io::Address& address) {
  const Result<void> opened = listener_.open(address);
  if (opened) {
    address = listener_.address();
  }
  return opened;
}

void AdminApi::accepted(int descriptor, const io::Address& peer) {
  if (closing_ || connections_.size() >= connections_max) {
    io::PlainStream unwanted(loop_, Side::downstream);
    [[maybe_unused]] const Result<void> attached = unwanted.attach(descriptor);  // to be closed
    return;
  }
  scope_.spawn(serve_connection(descriptor, peer));
}

io::Task<> AdminApi::serve_connection(int descriptor, io::Address peer) {
  proxy::DownstreamConnection connection(loop_, memory_pool_, *this, peer);
  connections_.insert(&connection);
  co_await connection.run(descriptor);
  connections_.erase(&connection);
}

void AdminApi::close() {
  closing_ = true;
  listener_.close();
  for (proxy::DownstreamConnection* connection : connections_) {
    connection->abort();
  }
}

io::Task<proxy::Served> AdminApi::serve(proxy::DownstreamConnection& client) {
  proxy::RequestMemory& memory = client.memory();
  const Result<http::BodyFraming> framing = http::request_framing(memory.request);
  const bool unread = !framing || has_body(*framing);
  const bool close = unread || !memory.request.keep_alive;
  memory.downstream_head.clear();
  if (framing) {
    append_answer(memory.downstream_head, memory.request, close);
  } else {
    append_problem(memory.downstream_head, framing.error().code, framing.error().detail, {}, close,
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

void AdminApi::append_answer(std::string& out, const http::RequestHead& request, bool close) {
  const bool head_only = request.method == http::Method::head;
  const bool is_known = request.path == "/metrics" || request.path == "/healthz" || request.path == "/readyz";
  if (!is_known) {
    append_problem(out, 404, "the admin listener serves /metrics, /healthz and /readyz", {}, close, head_only);
  } else if (request.method != http::Method::get && !head_only) {
    append_problem(out, 405, "this path takes GET", "GET, HEAD", close, head_only);
  } else if (request.path == "/metrics") {
    std::string text;
    metrics::append_prometheus_text(text, registry_.collect());
    append_response(out, 200, metrics::prometheus_content_type, text, close, head_only);
  } else if (request.path == "/healthz" || ready_) {
    append_response(out, 200, "text/plain; charset=utf-8", request.path == "/healthz" ? "ok\n" : "ready\n", close,
                    head_only);
  } else {
    append_response(out, 503, "text/plain; charset=utf-8", "not ready\n", close, head_only);
  }
}

}  // namespace fairlead::control
