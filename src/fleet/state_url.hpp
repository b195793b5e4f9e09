// Where the shared state lives, from a URL such as redis://user:password@127.0.0.1:6379/0, or which sentinels know it.
// Used by the configuration check and by those who connect. Pure; safe from any thread. The password is a secret: show
// redacted() alone. User and password are percent-decoded (RFC 3986 2.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fairlead::fleet {

enum class StateKind : std::uint8_t { memory, redis, redis_tls, redis_unix, redis_sentinel };

struct HostPort {
  std::string host;  ///< name, IPv4, or IPv6 without brackets
  std::uint16_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct StateUrl {
  static constexpr std::size_t sentinels_max = 16;

  StateKind kind = StateKind::memory;
  std::string host;  ///< name, IPv4, or IPv6 without brackets
  std::uint16_t port = 6379;
  std::string path;      ///< of the unix socket
  std::string user;      ///< empty: Redis' default user
  std::string password;  ///< empty: none
  std::uint32_t database = 0;
  std::vector<HostPort> sentinels;
  std::string master;  ///< the name that the sentinels know it by

  friend bool operator==(const StateUrl&, const StateUrl&) = default;
};

/// memory://, redis://[user:password@]host[:port][/db], rediss:// likewise, redis+unix://[user:password@]/path[?db=N],
/// redis+sentinel://[user:password@]host[:port],.../master[/db].
/// Error: malformed, with the rule that it breaks; the text never holds a part of the URL.
Result<StateUrl> parse_state_url(std::string_view url);

/// The URL with the password as `***`, fit for logs and pages.
std::string redacted(const StateUrl& url);

}  // namespace fairlead::fleet
