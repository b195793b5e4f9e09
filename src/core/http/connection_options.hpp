// What a message's Connection fields say (RFC 9110 section 7.6.1, RFC 9112 section 9.3).
// Used by head_parser (does the connection persist?) and forwarding (which fields stay behind?). Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/http/message.hpp"

namespace fairlead::http {

struct ConnectionOptions {
  std::size_t count = 0;
  bool close = false;
  bool keep_alive = false;
  bool names_fields = false;  ///< an option other than close and keep-alive: it may name fields of this message
};

/// More than this in a head is refused: each field is compared with each option.
inline constexpr std::size_t connection_options_max = 64;

ConnectionOptions connection_options_of(const FieldList& fields);

/// The sender lets the connection stay open.
bool persists(const ConnectionOptions& options, Version version);

/// One of the Connection fields names `name`.
bool is_nominated(const FieldList& fields, std::string_view name);

}  // namespace fairlead::http
