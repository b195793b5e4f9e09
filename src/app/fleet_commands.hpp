// The commands that speak to a running instance: `backend`, `status`, `top`. Each gives the exit code: 0 done, 1 not
// (one sentence on stderr says why). Answers go to stdout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::app {

struct AdminOptions {
  std::string address = "127.0.0.1:8000";
  std::string token_file;  ///< empty: none
};

struct BackendOptions {
  AdminOptions admin;
  std::string pool = "default";
  std::string url;
  std::optional<std::uint32_t> weight;
};

int backend_list(const BackendOptions& options);
int backend_add(const BackendOptions& options);
int backend_remove(const BackendOptions& options);
int backend_drain(const BackendOptions& options);
int status(const AdminOptions& options);
/// `status` again each second, with the instance's requests a second, until the terminal's user ends it.
int top(const AdminOptions& options);

}  // namespace fairlead::app
