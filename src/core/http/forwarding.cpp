#include "core/http/forwarding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "core/http/character_class.hpp"
#include "core/http/connection_options.hpp"
#include "core/http/head_writer.hpp"

namespace fairlead::http {

namespace {

/// What heads usually get on their way at most: Via, Date and framing; up, Host and X-Forwarded-* as well.
constexpr std::size_t bytes_added_down = 104;
constexpr std::size_t bytes_added_up = 160;

void append_content_length(HeadWriter& out, std::uint64_t length) {
  out.text("Content-Length: ");
  out.number(length);
  out.text("\r\n");
}

/// What becomes of a field on its way through.
enum class Fate : std::uint8_t {
  pass,            ///< unless Connection names it
  pass_nominated,  ///< even if Connection names it
  stay,            ///< behind: hop-by-hop, or written anew
};

Fate request_fate(FieldId id, bool has_trailers, bool trusted) {
  switch (id) {
    case FieldId::other:
    case FieldId::date:
    case FieldId::x_backend_server: return Fate::pass;
    case FieldId::expect: return Fate::pass_nominated;
    case FieldId::trailer: return has_trailers ? Fate::pass : Fate::stay;
    case FieldId::forwarded: return trusted ? Fate::pass : Fate::stay;
    case FieldId::connection:
    case FieldId::content_length:
    case FieldId::host:
    case FieldId::http2_settings:
    case FieldId::keep_alive:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
    case FieldId::via:
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_host:
    case FieldId::x_forwarded_proto: return Fate::stay;
  }
  return Fate::stay;
}

Fate response_fate(FieldId id, bool has_trailers, bool names_backend) {
  switch (id) {
    case FieldId::other:
    case FieldId::date:
    case FieldId::expect:
    case FieldId::forwarded:
    case FieldId::host:
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_host:
    case FieldId::x_forwarded_proto: return Fate::pass;
    case FieldId::trailer: return has_trailers ? Fate::pass : Fate::stay;
    case FieldId::x_backend_server: return names_backend ? Fate::stay : Fate::pass;
    case FieldId::connection:
    case FieldId::content_length:
    case FieldId::http2_settings:
    case FieldId::keep_alive:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
    case FieldId::via: return Fate::stay;
  }
  return Fate::stay;
}

/// CGI and its heirs (WSGI too) turn '-' and '_' into the same: to them such a name is a field that the proxy acts on.
bool looks_like_known_field(std::string_view name) {
  std::array<char, 24> dashed{};
  if (name.size() > dashed.size() || name.find('_') == std::string_view::npos) {
    return false;
  }
  std::replace_copy(name.begin(), name.end(), dashed.begin(), '_', '-');
  return field_id_of(std::string_view(dashed.data(), name.size())) != FieldId::other;
}

/// X-Forwarded-Port, -Prefix, ... that only pass through here: from a stranger they prove nothing, and from nobody does
/// one pass whose '_' a filter for the name with '-' hasn't seen.
bool is_unfounded_claim(std::string_view name, bool trusted) {
  constexpr std::string_view claim = "x-forwarded-";
  const auto same = [](char in_claim, char in_name) { return in_claim == (in_name == '_' ? '-' : lower(in_name)); };
  return name.size() >= claim.size() && std::equal(claim.begin(), claim.end(), name.begin(), same) &&
         (!trusted || name.find('_') != std::string_view::npos);
}

/// What a backend could take for a field that this proxy answers for, and isn't.
bool is_false(const Field& field, bool trusted) {
  return field.id == FieldId::other && (looks_like_known_field(field.name) || is_unfounded_claim(field.name, trusted));
}

template <class Head, class FateOf>
void append_passing_fields(HeadWriter& out, const Head& head, FateOf fate_of) {
  for (const Field& field : head.fields) {
    const Fate fate = fate_of(field);
    if (fate == Fate::stay || (fate == Fate::pass && head.names_fields && is_nominated(head.fields, field.name))) {
      continue;
    }
    out.field(field.name, field.value);
  }
}

/// `name: ` with the values of all fields of that id, then `last`: one list whatever number of fields it came in.
void append_list_field(HeadWriter& out, const FieldList& fields, FieldId id, std::string_view name,
                       std::string_view last) {
  out.text(name);
  out.text(": ");
  for (const Field& field : fields) {
    if (field.id == id && !field.value.empty()) {
      out.text(field.value);
      out.text(", ");
    }
  }
  out.text(last);
  out.text("\r\n");
}

void append_via(HeadWriter& out, const FieldList& fields, Version version) {
  append_list_field(out, fields, FieldId::via, "Via", version == Version::http_1_1 ? "1.1 fairlead" : "1.0 fairlead");
}

/// Ours, or the first that a trusted peer sent.
void append_told_or_own(HeadWriter& out, const RequestHead& head, bool trusted, FieldId id, std::string_view name,
                        std::string_view own) {
  const Field* const told = trusted ? find_field(head.fields, id) : nullptr;
  const std::string_view value = told != nullptr && !told->value.empty() ? told->value : own;
  if (!value.empty()) {
    out.field(name, value);
  }
}

void append_client(HeadWriter& out, const RequestHead& head, const ClientOrigin& client) {
  if (client.trusted) {
    append_list_field(out, head.fields, FieldId::x_forwarded_for, "X-Forwarded-For", client.address);
  } else {
    out.field("X-Forwarded-For", client.address);
  }
  append_told_or_own(out, head, client.trusted, FieldId::x_forwarded_proto, "X-Forwarded-Proto", client.proto);
  append_told_or_own(out, head, client.trusted, FieldId::x_forwarded_host, "X-Forwarded-Host", head.authority);
}

void append_request_framing(HeadWriter& out, Method method, const BodyFraming& framing) {
  switch (framing.kind) {
    case BodyKind::length: append_content_length(out, framing.length); break;
    case BodyKind::chunked: out.text("Transfer-Encoding: chunked\r\n"); break;
    case BodyKind::none:
    case BodyKind::until_close:
      // RFC 9110 section 8.6: methods that anticipate content say that there is none.
      if (method == Method::post || method == Method::put || method == Method::patch) {
        append_content_length(out, 0);
      }
      break;
  }
}

void append_response_framing(HeadWriter& out, int status, const DownstreamFraming& framing) {
  if (framing.kind == BodyKind::length) {
    append_content_length(out, framing.length);
  } else if (framing.kind == BodyKind::chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
  } else if (framing.kind == BodyKind::none && framing.told_length && status != 204) {
    // RFC 9110 section 8.6: a 204 has no Content-Length.
    append_content_length(out, *framing.told_length);
  }
  if (framing.close || framing.kind == BodyKind::until_close) {
    out.text("Connection: close\r\n");
  } else if (framing.client_version == Version::http_1_0) {
    out.text("Connection: keep-alive\r\n");
  }
}

void append_status_line(HeadWriter& out, const ResponseHead& head) {
  out.text("HTTP/1.1 ");
  out.number(static_cast<std::uint64_t>(head.status));
  out.text(" ");
  out.text(head.reason);
  out.text("\r\n");
}

}  // namespace

void append_upstream_request(std::string& to, const RequestHead& head, const UpstreamTarget& target,
                             const BodyFraming& framing, const ClientOrigin& client) {
  HeadWriter out(to, head.size + bytes_added_up);
  out.text(head.method_text);
  out.text(" ");
  out.text(target.path);
  if (target.has_query) {
    out.text("?");
    out.text(target.query);
  }
  out.text(" HTTP/1.1\r\n");
  out.field("Host", head.authority.empty() ? target.host : head.authority);
  const bool has_trailers = framing.kind == BodyKind::chunked;
  append_passing_fields(out, head, [&](const Field& field) {
    // An HTTP/1.0 client doesn't know interim responses (RFC 9110 section 10.1.1).
    const bool vain = field.id == FieldId::expect && !head.expects_continue;
    return vain || is_false(field, client.trusted) ? Fate::stay : request_fate(field.id, has_trailers, client.trusted);
  });
  append_client(out, head, client);
  append_via(out, head.fields, head.version);
  append_request_framing(out, head.method, framing);
  out.text("\r\n");
}

DownstreamFraming downstream_framing(const ResponseHead& head, const BodyFraming& framing, Version client_version,
                                     std::size_t lead) {
  DownstreamFraming down;
  down.client_version = client_version;
  switch (framing.kind) {
    case BodyKind::none:
      if (const Field* told = find_field(head.fields, FieldId::content_length); told != nullptr) {
        std::uint64_t length = 0;
        std::from_chars(told->value.data(), told->value.data() + told->value.size(), length);
        down.told_length = length + lead;
      }
      break;
    case BodyKind::length:
      down.kind = BodyKind::length;
      down.length = framing.length + lead;
      break;
    case BodyKind::chunked:
    case BodyKind::until_close:
      down.kind = client_version == Version::http_1_1 ? BodyKind::chunked : BodyKind::until_close;
      down.close = client_version != Version::http_1_1;
      break;
  }
  return down;
}

void append_downstream_response(std::string& to, const ResponseHead& head, const DownstreamFraming& framing,
                                std::string_view backend_url, std::string_view date) {
  HeadWriter out(to, head.size + backend_url.size() + bytes_added_down);
  append_status_line(out, head);
  const bool has_trailers = framing.kind == BodyKind::chunked;
  const bool names_backend = !backend_url.empty();
  bool lacks_date = !date.empty();
  append_passing_fields(out, head, [&](const Field& field) {
    if (field.id == FieldId::date) {
      lacks_date = lacks_date && head.names_fields && is_nominated(head.fields, field.name);
    }
    return response_fate(field.id, has_trailers, names_backend);
  });
  if (lacks_date) {
    out.field("Date", date);
  }
  if (names_backend) {
    out.field("X-Backend-Server", backend_url);
  }
  append_via(out, head.fields, head.version);
  append_response_framing(out, head.status, framing);
  out.text("\r\n");
}

void append_interim_response(std::string& to, const ResponseHead& head) {
  HeadWriter out(to, head.size + bytes_added_down);
  append_status_line(out, head);
  append_passing_fields(out, head, [](const Field& field) {
    return field.id == FieldId::via ? Fate::pass : response_fate(field.id, false, false);
  });
  out.text("\r\n");
}

void append_chunk_size(std::string& to, std::uint64_t size) {
  HeadWriter out(to, 0);
  out.number(size, 16);
  out.text("\r\n");
}

}  // namespace fairlead::http
