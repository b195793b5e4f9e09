// Who may change things through the admin API. This machine's programs may; another host needs the token of
// admin.token_file. A browser on this machine is not its user: a page of another site could have it send requests here
// (CSRF, DNS rebinding), so those are refused by what browsers tell: the Host that they meant and the Origin that asks.
// Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/http/message.hpp"

namespace fairlead::control {

struct AdminRefusal {
  int status = 403;  ///< 401: a token is missing or wrong
  std::string_view detail;
};

/// Nothing: the request may write. `token` is empty when none is configured.
std::optional<AdminRefusal> refuse_write(const http::RequestHead& request, std::string_view peer_ip,
                                         std::string_view token);

}  // namespace fairlead::control
