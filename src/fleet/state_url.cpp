#include "fleet/state_url.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/units.hpp"

namespace fairlead::fleet {
namespace {

constexpr std::size_t unix_path_max = 107;  // sun_path less its final zero
constexpr std::uint16_t redis_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;
constexpr std::uint64_t database_max = std::numeric_limits<std::int32_t>::max();

Error fault(std::string_view rule) {
  return Error{ErrorKind::malformed, Side::internal, 0, rule};
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

bool is_visible(char character) {
  return character > ' ' && character < 0x7f;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : -1;
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    decoded += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return decoded;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (is_visible(character) && std::string_view(":@/?#[]%").find(character) == std::string_view::npos) {
      encoded += character;
    } else {
      encoded += '%';
      encoded += hex[byte >> 4];
      encoded += hex[byte & 15];
    }
  }
  return encoded;
}

/// Takes `user:password@` off the front of the authority.
Result<void> take_credentials(std::string_view& rest, StateUrl& url) {
  const std::size_t authority_end = std::min(rest.find('/'), rest.size());
  const std::size_t at = rest.substr(0, authority_end).rfind('@');
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view credentials = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const std::size_t colon = credentials.find(':');
  if (colon == std::string_view::npos) {
    return fault("there is a user without a password; write user:password@ or :password@");
  }
  const auto user = percent_decoded(credentials.substr(0, colon));
  const auto password = percent_decoded(credentials.substr(colon + 1));
  if (!user || !password) {
    return fault("a % in user or password isn't followed by two hexadecimal digits; write % itself as %25");
  }
  if (password->empty()) {
    return fault("the password is empty; write user:password@ or leave both out");
  }
  url.user = *user;
  url.password = *password;
  return {};
}

Result<void> read_database(std::string_view text, StateUrl& url) {
  const auto number = parse_whole(text);
  if (!number || *number > database_max) {
    return fault("the database isn't a whole number; write it such as /0");
  }
  url.database = static_cast<std::uint32_t>(*number);
  return {};
}

/// A host's, or what sentinels call a master by: both take the same letters.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && std::all_of(name.begin(), name.end(), [](char character) {
    const char lower = static_cast<char>(character | 0x20);
    return (character >= '0' && character <= '9') || (lower >= 'a' && lower <= 'z') ||
           std::string_view(".-_").find(character) != std::string_view::npos;
  });
}

bool is_ipv6(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char character) {
    return hex_value(character) >= 0 || character == ':' || character == '.';
  });
}

Result<HostPort> read_host_and_port(std::string_view authority, std::uint16_t default_port) {
  HostPort read{{}, default_port};
  std::string_view port;
  bool bracketed = false;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) {
      return fault("the IPv6 address has no closing bracket; write [::1]:6379");
    }
    bracketed = true;
    read.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    read.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (bracketed ? !is_ipv6(read.host) : !is_name(read.host)) {
    return fault("a host is missing or isn't a name or an address; write it such as HOST:6379");
  }
  if (port.empty()) {
    return read;
  }
  const auto number = port.front() == ':' ? parse_whole(port.substr(1)) : std::nullopt;
  if (!number || *number == 0 || *number > 65'535) {
    return fault("a port isn't a number from 1 to 65535; write it such as HOST:6379");
  }
  read.port = static_cast<std::uint16_t>(*number);
  return read;
}

Result<StateUrl> parse_network(std::string_view rest, StateKind kind) {
  StateUrl url;
  url.kind = kind;
  if (const auto done = take_credentials(rest, url); !done) {
    return done.error();
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  Result<HostPort> server = read_host_and_port(rest.substr(0, slash), redis_port);
  if (!server) {
    return server.error();
  }
  url.host = std::move(server->host);
  url.port = server->port;
  const std::string_view database = rest.substr(slash);
  if (database.size() > 1) {
    if (const auto done = read_database(database.substr(1), url); !done) {
      return done.error();
    }
  }
  return url;
}

Result<void> read_sentinels(std::string_view list, StateUrl& url) {
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    Result<HostPort> sentinel = read_host_and_port(list.substr(0, comma), sentinel_port);
    if (!sentinel) {
      return sentinel.error();
    }
    url.sentinels.push_back(std::move(*sentinel));
    if (url.sentinels.size() > StateUrl::sentinels_max) {
      return fault("there are more than 16 sentinels; a few of them are enough");
    }
    if (comma == list.size()) {
      return {};
    }
    list.remove_prefix(comma + 1);
  }
}

Result<StateUrl> parse_sentinel(std::string_view rest) {
  StateUrl url;
  url.kind = StateKind::redis_sentinel;
  if (const auto done = take_credentials(rest, url); !done) {
    return done.error();
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (const auto done = read_sentinels(rest.substr(0, slash), url); !done) {
    return done.error();
  }
  std::string_view path = rest.substr(slash);
  take_prefix(path, "/");
  const std::size_t end = std::min(path.find('/'), path.size());
  url.master = path.substr(0, end);
  if (!is_name(url.master)) {
    return fault(
        "the master's name is missing or holds more than letters, digits and .-_; "
        "write redis+sentinel://HOST:26379/NAME");
  }
  if (end + 1 < path.size()) {
    if (const auto done = read_database(path.substr(end + 1), url); !done) {
      return done.error();
    }
  }
  return url;
}

Result<StateUrl> parse_unix(std::string_view rest) {
  StateUrl url;
  url.kind = StateKind::redis_unix;
  if (const auto done = take_credentials(rest, url); !done) {
    return done.error();
  }
  const std::size_t query = std::min(rest.find('?'), rest.size());
  url.path = rest.substr(0, query);
  if (!url.path.starts_with('/') || url.path.size() < 2) {
    return fault("the socket's path isn't absolute; write redis+unix:///run/redis.sock");
  }
  if (url.path.size() > unix_path_max) {
    return fault("the socket's path is longer than the 107 bytes that the system takes; use a shorter one");
  }
  std::string_view parameter = rest.substr(query);
  if (parameter.empty()) {
    return url;
  }
  if (!take_prefix(parameter, "?db=")) {
    return fault("the query isn't ?db=N; it is the only one known");
  }
  if (const auto done = read_database(parameter, url); !done) {
    return done.error();
  }
  return url;
}

std::string shown(const HostPort& address) {
  const bool needs_brackets = address.host.find(':') != std::string::npos;
  return (needs_brackets ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace

Result<StateUrl> parse_state_url(std::string_view url) {
  if (!std::all_of(url.begin(), url.end(), is_visible)) {
    return fault("it holds blanks or bytes outside ASCII; write them percent-encoded");
  }
  std::string_view rest = url;
  if (take_prefix(rest, "memory://")) {
    return rest.empty() ? Result<StateUrl>(StateUrl{}) : fault("something follows memory://; write memory:// alone");
  }
  if (take_prefix(rest, "redis://")) {
    return parse_network(rest, StateKind::redis);
  }
  if (take_prefix(rest, "rediss://")) {
    return parse_network(rest, StateKind::redis_tls);
  }
  if (take_prefix(rest, "redis+unix://")) {
    return parse_unix(rest);
  }
  if (take_prefix(rest, "redis+sentinel://")) {
    return parse_sentinel(rest);
  }
  return fault(
      "the scheme isn't known; write memory://, redis://HOST:PORT, rediss://HOST:PORT, redis+unix:///PATH or "
      "redis+sentinel://HOST:PORT,.../NAME");
}

std::string redacted(const StateUrl& url) {
  if (url.kind == StateKind::memory) {
    return "memory://";
  }
  const std::string credentials = url.password.empty() ? "" : percent_encoded(url.user) + ":***@";
  if (url.kind == StateKind::redis_unix) {
    return "redis+unix://" + credentials + url.path + (url.database == 0 ? "" : "?db=" + std::to_string(url.database));
  }
  const std::string database = "/" + std::to_string(url.database);
  if (url.kind == StateKind::redis_sentinel) {
    std::string sentinels;
    for (const HostPort& sentinel : url.sentinels) {
      sentinels += (sentinels.empty() ? "" : ",") + shown(sentinel);
    }
    return "redis+sentinel://" + credentials + sentinels + "/" + url.master + database;
  }
  const std::string scheme = url.kind == StateKind::redis_tls ? "rediss://" : "redis://";
  return scheme + credentials + shown({url.host, url.port}) + database;
}

}  // namespace fairlead::fleet
