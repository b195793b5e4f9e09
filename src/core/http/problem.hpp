// Errors of fairlead's own as application/problem+json (RFC 9457). Never shows internals: the detail is one of our own
// sentences, bytes of the request appear in none of them.
#pragma once

#include <string>
#include <string_view>

#include "core/http/message.hpp"

namespace fairlead::http {

struct Problem {
  int status = 500;
  std::string_view detail = {};  ///< one sentence for a person
  std::string_view allow = {};   ///< for 405: the Allow field's value; else empty
  std::string_view date = {};    ///< the Date field's value; empty: none
  int retry_after_seconds = 0;   ///< above 0: Retry-After (503)
  bool close = false;            ///< say `Connection: close`
  bool head_only = false;        ///< the answer to HEAD: the length is told, the body left out
};

/// Appends a whole response. `type` is "about:blank", so `title` is the status' own phrase (RFC 9457 section 4.2.1).
void append_problem(std::string& out, const Problem& problem);

/// The standard reason phrase, "Unknown" for a status without one.
std::string_view reason_of(int status);

}  // namespace fairlead::http
