// The parts of an HTTP/1.1 message as views into the bytes they came in (RFC 9110, RFC 9112).
// A head is filled by head_parser and is valid as long as those bytes stay where they are. Heads are meant to be
// recycled: clear() keeps the capacity of the field list, so a worker in steady state allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// The standard methods (RFC 9110 section 9, RFC 5789); any other token is `other` and passes through as it is.
enum class Method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };

/// "GET" ...; "_other" for Method::other, so that it can be a metric label that no client controls.
std::string_view name_of(Method method);
/// Exact, case-sensitive match; Method::other when it is none of the standard ones.
Method method_of(std::string_view token);
/// RFC 9110 section 9.2.2: may be sent again after a failure.
bool is_idempotent(Method method);

enum class Version : std::uint8_t { http_1_0, http_1_1 };

/// Fields whose meaning the proxy acts on; everything else is `other`.
enum class FieldId : std::uint8_t {
  other,
  connection,
  content_length,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_backend_server,
};
/// Case-insensitive.
FieldId field_id_of(std::string_view name);

struct Field {
  std::string_view name;   ///< as received, a token
  std::string_view value;  ///< without surrounding blanks; may be empty
  FieldId id = FieldId::other;
};

using FieldList = std::vector<Field>;

/// The first field with that id, or nullptr.
const Field* find_field(const FieldList& fields, FieldId id);
/// The first field's value with that name in any case; empty when there is none.
std::string_view field_value(const FieldList& fields, std::string_view name);

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;     ///< as received: origin-form, absolute-form, or "*"
  std::string_view path;       ///< of the target, without query; "*" for OPTIONS *
  std::string_view query;      ///< without the '?'; empty when there is none
  bool has_query = false;      ///< "/a?" has one that is empty
  std::string_view authority;  ///< of an absolute-form target, else the Host field's value, which may be empty
  Version version = Version::http_1_1;
  FieldList fields;
  bool keep_alive = true;         ///< the client lets the connection stay open (version and Connection)
  bool names_fields = false;      ///< Connection may name fields of this message, which don't go further
  bool expects_continue = false;  ///< Expect: 100-continue
  std::size_t size = 0;           ///< bytes of the head, its empty line and leading empty lines included

  void clear();
};

struct ResponseHead {
  int status = 0;           ///< 100..599
  std::string_view reason;  ///< may be empty
  Version version = Version::http_1_1;
  FieldList fields;
  bool keep_alive = true;     ///< false as well for a 204 that announces a body
  bool names_fields = false;  ///< as for a request
  std::size_t size = 0;

  void clear();
};

/// ASCII only, as field names and tokens compare (RFC 9110 section 5.1).
bool equals_ignoring_case(std::string_view left, std::string_view right);

/// Calls `visit(token)` for each non-empty member of a comma-separated list (RFC 9110 section 5.6.1), blanks trimmed.
template <class Visit>
void for_each_list_member(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view member = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (!member.empty() && (member.front() == ' ' || member.front() == '\t')) {
      member.remove_prefix(1);
    }
    while (!member.empty() && (member.back() == ' ' || member.back() == '\t')) {
      member.remove_suffix(1);
    }
    if (!member.empty()) {
      visit(member);
    }
  }
}

}  // namespace fairlead::http
