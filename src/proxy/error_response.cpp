#include "proxy/error_response.hpp"

namespace fairlead::proxy {
namespace {

http::Problem problem(int status, std::string_view detail) {
  http::Problem made;
  made.status = status;
  made.detail = detail;
  return made;
}

http::Problem downstream_problem(const Error& error) {
  if (error.kind == ErrorKind::timed_out) {
    return problem(408, "the request's body took too long to arrive");
  }
  return problem(error.code >= 400 && error.code < 500 ? error.code : 400, error.detail);
}

http::Problem upstream_problem(const Error& error) {
  switch (error.kind) {
    case ErrorKind::timed_out: return problem(504, "the backend took too long to answer");
    case ErrorKind::malformed:
    case ErrorKind::too_large: return problem(502, "the backend's answer breaks the rules of HTTP");
    case ErrorKind::closed:
    case ErrorKind::reset: return problem(502, "the backend broke the connection before its answer");
    case ErrorKind::unavailable: {
      http::Problem unavailable = problem(503, "no backend may serve this request now");
      unavailable.retry_after_seconds = 1;
      return unavailable;
    }
    default: return problem(502, "the backend can't be reached");
  }
}

http::Problem internal_problem(const Error& error) {
  if (error.kind != ErrorKind::exhausted) {
    return problem(500, "the request could not be served");
  }
  http::Problem exhausted = problem(503, "this proxy has no room for another connection to a backend now");
  exhausted.retry_after_seconds = 1;
  return exhausted;
}

}  // namespace

bool client_is_gone(const Error& error) {
  return error.side == Side::downstream &&
         (error.kind == ErrorKind::closed || error.kind == ErrorKind::reset || error.kind == ErrorKind::cancelled);
}

http::Problem problem_of(const Error& error) {
  switch (error.side) {
    case Side::downstream: return downstream_problem(error);
    case Side::upstream: return upstream_problem(error);
    case Side::internal: return internal_problem(error);
  }
  return problem(500, "the request could not be served");
}

}  // namespace fairlead::proxy
