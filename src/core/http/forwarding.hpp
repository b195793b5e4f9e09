// What crosses the proxy and what doesn't (RFC 9110 section 7.6, and X-Forwarded-* by custom). Heads that leave are
// always written anew from parsed parts: hop-by-hop fields and those that Connection names stay behind, framing is
// ours, Via, Date and X-Forwarded-For/-Proto/-Host are set. Request fields that a backend of the CGI kind would take
// for one of these (Content_Length, X_Forwarded_For) stay behind. Pure; all is appended to a buffer that the caller
// recycles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/body_framing.hpp"
#include "core/http/message.hpp"

namespace fairlead::http {

/// Where the request came from, for X-Forwarded-*.
struct ClientOrigin {
  std::string_view address = {};    ///< IP in text, no port
  bool trusted = false;             ///< the peer is in trusted_proxies: its X-Forwarded-* are kept and appended to
  std::string_view proto = "http";  ///< "http" or "https"
};

/// Where the request goes: path and query as rewritten by the route.
struct UpstreamTarget {
  std::string_view path = {};
  std::string_view query = {};
  bool has_query = false;
  std::string_view host = {};  ///< Host to send when the client gave none or an empty one: the backend's authority
};

/// Appends the whole request head for the backend, its empty line included. `framing` is the request's own: a length
/// or chunked are written anew, and `Connection: keep-alive` is implied (HTTP/1.1).
void append_upstream_request(std::string& to, const RequestHead& head, const UpstreamTarget& target,
                             const BodyFraming& framing, const ClientOrigin& client);

/// How the answer's body goes down: with a length, in chunks, or until close (HTTP/1.0 clients).
struct DownstreamFraming {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;
  /// For an answer without a body that still tells its length (HEAD, 304): written as Content-Length, but in a 204.
  std::optional<std::uint64_t> told_length = std::nullopt;
  bool close = false;  ///< say `Connection: close`
  Version client_version = Version::http_1_1;
};

/// For an answer whose body comes framed like that, `lead` bytes of our own before it. `close` only where the client's
/// version leaves no other way to tell the end.
DownstreamFraming downstream_framing(const ResponseHead& head, const BodyFraming& framing, Version client_version,
                                     std::size_t lead);

/// Appends the whole response head for the client. A non-empty `backend_url` is added as X-Backend-Server (replacing
/// one that the backend sent). A head without Date gets `date` (RFC 9110 section 6.6.1), unless that is empty. The
/// status line always says HTTP/1.1 (RFC 9110 section 6.2).
void append_downstream_response(std::string& to, const ResponseHead& head, const DownstreamFraming& framing,
                                std::string_view backend_url, std::string_view date = {});

/// Appends an interim response (1xx but 101) with its end-to-end fields.
void append_interim_response(std::string& to, const ResponseHead& head);

/// Appends "SIZE\r\n" in hex; the data and "\r\n" follow it on the wire.
void append_chunk_size(std::string& to, std::uint64_t size);

}  // namespace fairlead::http
