#include "app/listen_failure.hpp"

#include <cerrno>

namespace fairlead::app {
namespace {

constexpr std::uint16_t port_for_all = 1'024;  // by default the kernel keeps those below to itself

std::string remedy(const io::Address& address, const Error& error) {
  switch (error.code) {
    case EADDRINUSE: return "end what uses it";
    case EADDRNOTAVAIL: return "`ip address` shows those that it has";
    case EACCES:
    case EPERM:
      return address.port() < port_for_all ? "ports below 1024 need the capability CAP_NET_BIND_SERVICE (in a systemd "
                                             "unit: AmbientCapabilities=CAP_NET_BIND_SERVICE)"
                                           : "let this user bind the port";
    default: return {};
  }
}

}  // namespace

std::string cannot_listen(std::string_view option, const io::Address& address, const Error& error) {
  const std::string what_helps = remedy(address, error);
  return "can't listen on " + address.text() + ": " + std::string(error.detail) + "; " + what_helps +
         (what_helps.empty() ? "choose another with " : ", or choose another with ") + std::string(option);
}

}  // namespace fairlead::app
