#include "core/http/problem.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "base/json_writer.hpp"

namespace fairlead::http {

namespace {

constexpr std::pair<int, std::string_view> reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

std::string body_of(const Problem& problem) {
  std::string body = R"({"type":"about:blank","title":)";
  append_json_string(body, reason_of(problem.status));
  body.append(R"(,"status":)");
  append_number(body, static_cast<std::uint64_t>(problem.status));
  body.append(R"(,"detail":)");
  append_json_string(body, problem.detail);
  body.append("}\n");
  return body;
}

void append_head(std::string& out, const Problem& problem, std::size_t length) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(problem.status));
  out.append(" ").append(reason_of(problem.status));
  out.append("\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nContent-Length: ");
  append_number(out, length);
  if (!problem.date.empty()) {
    out.append("\r\nDate: ").append(problem.date);
  }
  if (!problem.allow.empty()) {
    out.append("\r\nAllow: ").append(problem.allow);
  }
  if (problem.retry_after_seconds > 0) {
    out.append("\r\nRetry-After: ");
    append_number(out, static_cast<std::uint64_t>(problem.retry_after_seconds));
  }
  if (problem.close) {
    out.append("\r\nConnection: close");
  }
  out.append("\r\n\r\n");
}

}  // namespace

std::string_view reason_of(int status) {
  for (const auto& [known, reason] : reasons) {
    if (known == status) {
      return reason;
    }
  }
  return "Unknown";
}

void append_problem(std::string& out, const Problem& problem) {
  const std::string body = body_of(problem);
  append_head(out, problem, body.size());
  if (!problem.head_only) {
    out.append(body);
  }
}

}  // namespace fairlead::http
