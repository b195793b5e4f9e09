#include "core/http/message.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/http/character_class.hpp"

namespace fairlead::http {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::delete_: return "DELETE";
    case Method::connect: return "CONNECT";
    case Method::options: return "OPTIONS";
    case Method::trace: return "TRACE";
    case Method::patch: return "PATCH";
    case Method::other: return "_other";
  }
  return "_other";
}

Method method_of(std::string_view token) {
  switch (token.size()) {
    case 3: return token == "GET" ? Method::get : token == "PUT" ? Method::put : Method::other;
    case 4: return token == "POST" ? Method::post : token == "HEAD" ? Method::head : Method::other;
    case 5: return token == "PATCH" ? Method::patch : token == "TRACE" ? Method::trace : Method::other;
    case 6: return token == "DELETE" ? Method::delete_ : Method::other;
    case 7: return token == "OPTIONS" ? Method::options : token == "CONNECT" ? Method::connect : Method::other;
    default: return Method::other;
  }
}

bool is_idempotent(Method method) {
  switch (method) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::delete_:
    case Method::options:
    case Method::trace: return true;
    case Method::post:
    case Method::connect:
    case Method::patch:
    case Method::other: return false;
  }
  return false;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) {
    return false;
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) {
      return false;
    }
  }
  return true;
}

namespace {

/// Bytes of a field's name against as many of a known one, which is in small letters. Of the bytes of known names only
/// letters have the bit 0x40, and only letters may differ in 0x20.
template <class Word>
bool are_same(const char* bytes, const char* known) {
  Word mine = 0;
  Word theirs = 0;
  std::memcpy(&mine, bytes, sizeof mine);
  std::memcpy(&theirs, known, sizeof theirs);
  const Word letters = theirs & static_cast<Word>(0x4040'4040'4040'4040);
  return (mine | static_cast<Word>(letters >> 1)) == theirs;
}

/// For a name that is as long as the known one. Words overlap where they don't divide it.
template <std::size_t Size>
FieldId id_if(std::string_view name, const char (&known)[Size], FieldId id) {
  constexpr std::size_t length = Size - 1;
  const char* const bytes = name.data();
  using Word =
      std::conditional_t<length >= 8, std::uint64_t, std::conditional_t<length >= 4, std::uint32_t, std::uint16_t>>;
  constexpr std::size_t last = length - sizeof(Word);
  bool same = are_same<Word>(bytes + last, known + last);
  for (std::size_t at = 0; at < last; at += sizeof(Word)) {
    same = same && are_same<Word>(bytes + at, known + at);
  }
  return same ? id : FieldId::other;
}

FieldId id_of_sixteen_bytes(std::string_view name) {
  switch (lower(name[2])) {
    case 'b': return id_if(name, "x-backend-server", FieldId::x_backend_server);
    case 'f': return id_if(name, "x-forwarded-host", FieldId::x_forwarded_host);
    case 'o': return id_if(name, "proxy-connection", FieldId::proxy_connection);
    default: return FieldId::other;
  }
}

}  // namespace

FieldId field_id_of(std::string_view name) {
  const char first = name.empty() ? '\0' : lower(name[0]);
  switch (name.size()) {
    case 2: return id_if(name, "te", FieldId::te);
    case 3: return id_if(name, "via", FieldId::via);
    case 4: return first == 'h' ? id_if(name, "host", FieldId::host) : id_if(name, "date", FieldId::date);
    case 6: return id_if(name, "expect", FieldId::expect);
    case 7: return first == 't' ? id_if(name, "trailer", FieldId::trailer) : id_if(name, "upgrade", FieldId::upgrade);
    case 9: return id_if(name, "forwarded", FieldId::forwarded);
    case 10:
      return first == 'c' ? id_if(name, "connection", FieldId::connection)
                          : id_if(name, "keep-alive", FieldId::keep_alive);
    case 14:
      return first == 'c' ? id_if(name, "content-length", FieldId::content_length)
                          : id_if(name, "http2-settings", FieldId::http2_settings);
    case 15: return id_if(name, "x-forwarded-for", FieldId::x_forwarded_for);
    case 16: return id_of_sixteen_bytes(name);
    case 17:
      return first == 't' ? id_if(name, "transfer-encoding", FieldId::transfer_encoding)
                          : id_if(name, "x-forwarded-proto", FieldId::x_forwarded_proto);
    case 18: return id_if(name, "proxy-authenticate", FieldId::proxy_authenticate);
    case 19: return id_if(name, "proxy-authorization", FieldId::proxy_authorization);
    default: return FieldId::other;
  }
}

const Field* find_field(const FieldList& fields, FieldId id) {
  for (const Field& field : fields) {
    if (field.id == id) {
      return &field;
    }
  }
  return nullptr;
}

std::string_view field_value(const FieldList& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [name](const Field& field) { return equals_ignoring_case(field.name, name); });
  return found == fields.end() ? std::string_view() : found->value;
}

void RequestHead::clear() {
  FieldList kept = std::move(fields);
  kept.clear();
  *this = RequestHead{};
  fields = std::move(kept);
}

void ResponseHead::clear() {
  FieldList kept = std::move(fields);
  kept.clear();
  *this = ResponseHead{};
  fields = std::move(kept);
}

}  // namespace fairlead::http
