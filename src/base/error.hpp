// What went wrong and on whose side. Every fault that comes from outside the program travels as an Error inside
// a Result; faults of our own are check()s. An Error is a small value without allocation, so the request path can
// return it freely; `detail` points to text of static storage and never holds bytes of a client or a secret.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead {

/// Whose doing it was. Decides the status code, the metric's label and who is told.
enum class Side : std::uint8_t { downstream, upstream, internal };

enum class ErrorKind : std::uint8_t {
  closed,       ///< the peer ended the stream in order (end of file)
  reset,        ///< the peer or the network broke the connection
  refused,      ///< nobody listens there, or no route to it
  timed_out,    ///< a deadline passed
  cancelled,    ///< we stopped it ourselves
  malformed,    ///< bytes that break a protocol's rules
  too_large,    ///< within the rules, beyond a configured limit
  unavailable,  ///< a needed party can't serve now (no backend, Redis away)
  unresolved,   ///< a host name has no address
  exhausted,    ///< descriptors, memory, ports
  unexpected,   ///< none of the above; see code and detail
};

struct Error {
  ErrorKind kind = ErrorKind::unexpected;
  Side side = Side::internal;
  int code = 0;                  ///< errno where there is one, an HTTP status where the parser names one, else 0
  std::string_view detail = {};  ///< static text, fit for a log line and for a problem response

  friend bool operator==(const Error&, const Error&) = default;
};

/// The kind's name as used in logs and metric labels, such as "timed_out".
constexpr std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::closed: return "closed";
    case ErrorKind::reset: return "reset";
    case ErrorKind::refused: return "refused";
    case ErrorKind::timed_out: return "timed_out";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::malformed: return "malformed";
    case ErrorKind::too_large: return "too_large";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::unresolved: return "unresolved";
    case ErrorKind::exhausted: return "exhausted";
    case ErrorKind::unexpected: return "unexpected";
  }
  return "unexpected";
}

}  // namespace fairlead
