#include "proxy/failure_log.hpp"

namespace fairlead::proxy {
namespace {

constexpr std::size_t method_max = 32;

}  // namespace

void FailureLog::request_failed(const FailedRequest& request, int status, std::string_view reason) const {
  log_.debug("request failed", {{"method", shown(request.method, method_max)},
                                {"path", shown(request.path, path_max)},
                                {"pool", request.pool},
                                {"backend", request.backend},
                                {"status", status},
                                {"reason", reason},
                                {"tries", request.tries}});
}

void FailureLog::try_failed(const FailedRequest& request, std::string_view reason) const {
  log_.debug("try failed", {{"method", shown(request.method, method_max)},
                            {"path", shown(request.path, path_max)},
                            {"pool", request.pool},
                            {"backend", request.backend},
                            {"reason", reason},
                            {"tries", request.tries}});
}

void FailureLog::backend_rests(std::string_view pool, std::string_view backend, const Error& error) const {
  log_.warn("backend rests after failed connects", {{"pool", pool}, {"backend", backend}, {"reason", error.detail}});
}

void FailureLog::backend_reachable(std::string_view pool, std::string_view backend) const {
  log_.info("backend is reachable again", {{"pool", pool}, {"backend", backend}});
}

void FailureLog::ran_out(const Error& error, io::TimePoint now) {
  if (now >= say_ran_out_from_) {
    say_ran_out_from_ = now + ran_out_said_every;
    log_.warn("no connection to a backend can be opened for want of our own, requests are answered 503",
              {{"reason", error.detail}});
  }
}

std::string_view reason_of(const Error& error) {
  return error.detail.empty() ? name_of(error.kind) : error.detail;
}

std::string shown(std::string_view text, std::size_t bytes_max) {
  constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char character : text.substr(0, bytes_max)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte > ' ' && byte < 0x7f) {
      out += character;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

}  // namespace fairlead::proxy
