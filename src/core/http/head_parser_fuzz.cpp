// Feeds arbitrary bytes to both head parsers. Held: a byte-by-byte feed ends as the whole one does, views lie inside
// the input, limits hold, and what is written for the other side parses again, with our parser, to the same message.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "core/http/body_framing.hpp"
#include "core/http/forwarding.hpp"
#include "core/http/head_parser.hpp"

namespace fairlead::http {
namespace {

// Small, so that the fuzzer finds their edges soon.
constexpr HeadLimits fuzz_limits{.head = 512, .line = 96, .fields = 8, .target = 64};
constexpr HeadLimits wide_limits{.head = 1 << 16, .line = 1 << 14, .fields = 64, .target = 1 << 12};

template <class Parser, class Head>
ParseStatus parse_bytewise(std::string_view bytes, Parser& parser, Head& head) {
  ParseStatus status = ParseStatus::incomplete;
  for (std::size_t size = 1; size <= bytes.size() && status == ParseStatus::incomplete; ++size) {
    status = parser.parse(bytes.substr(0, size));
    check(status != ParseStatus::complete || head.size == size, "the head ends at the byte that completes it");
  }
  return status;
}

void check_inside(std::string_view bytes, std::string_view view) {
  const bool inside = view.empty() || (view.data() >= bytes.data() && view.end() <= bytes.end());
  check(inside, "a view lies outside of the input");
}

void check_fields(std::string_view bytes, const FieldList& fields) {
  check(fields.size() <= fuzz_limits.fields, "too many fields");
  for (const Field& field : fields) {
    check_inside(bytes, field.name);
    check_inside(bytes, field.value);
    check(field.name.size() + 1 + field.value.size() <= fuzz_limits.line, "a line is too long");
    check(!field.name.empty(), "a name is empty");
    check(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos, "a value has a line end");
  }
}

void check_same_fields(const FieldList& left, const FieldList& right) {
  check(left.size() == right.size(), "as many fields either way");
  for (std::size_t i = 0; i < left.size(); ++i) {
    check(left[i].name == right[i].name && left[i].value == right[i].value && left[i].id == right[i].id,
          "the same fields either way");
  }
}

std::size_t count(const FieldList& fields, FieldId id) {
  std::size_t found = 0;
  for (const Field& field : fields) {
    found += field.id == id ? 1 : 0;
  }
  return found;
}

void check_forwarded_request(const RequestHead& head, bool trusted) {
  const Result<BodyFraming> framing = request_framing(head);
  if (!framing) {
    return;
  }
  std::string out;
  append_upstream_request(out, head, {head.path, head.query, head.has_query, "backend:1"}, *framing,
                          {"192.0.2.1", trusted, "http"});
  RequestHead again;
  RequestHeadParser parser(wide_limits, again);
  check(parser.parse(out) == ParseStatus::complete, "what goes upstream parses");
  check(again.size == out.size(), "what goes upstream is one head");
  check(again.method_text == head.method_text && again.path == head.path && again.query == head.query &&
            again.has_query == head.has_query && again.version == Version::http_1_1 && again.keep_alive,
        "what goes upstream is the same request");
  check(head.authority.empty() || again.authority == head.authority, "what goes upstream has the same authority");
  check(again.expects_continue == head.expects_continue, "what goes upstream has the same expectation");
  const Result<BodyFraming> framing_again = request_framing(again);
  check(framing_again.has_value(), "what goes upstream is framed");
  const bool told_empty = framing->kind == BodyKind::none && framing_again->kind == BodyKind::length;
  check(framing_again->length == framing->length && (told_empty || framing_again->kind == framing->kind),
        "what goes upstream ends where it ended");
  check(find_field(again.fields, FieldId::connection) == nullptr &&
            find_field(again.fields, FieldId::upgrade) == nullptr && find_field(again.fields, FieldId::te) == nullptr,
        "hop-by-hop fields stay behind");
  check(count(again.fields, FieldId::via) == 1 && count(again.fields, FieldId::x_forwarded_for) == 1 &&
            count(again.fields, FieldId::x_forwarded_proto) == 1,
        "the proxy's fields are there once");
}

void fuzz_request(std::string_view bytes) {
  RequestHead head;
  RequestHeadParser parser(fuzz_limits, head);
  const ParseStatus status = parser.parse(bytes);
  RequestHead bytewise_head;
  RequestHeadParser bytewise(fuzz_limits, bytewise_head);
  check(parse_bytewise(bytes, bytewise, bytewise_head) == status, "byte by byte as whole");
  check(parser.error() == bytewise.error(), "the same fault byte by byte");
  check(status != ParseStatus::incomplete || bytes.size() < fuzz_limits.head, "the limit of the head bites");
  if (status != ParseStatus::complete) {
    return;
  }
  check(head.size <= fuzz_limits.head && head.size == bytewise_head.size, "the size is right");
  check(head.target.size() <= fuzz_limits.target, "the target is too long");
  for (const std::string_view view : {head.method_text, head.target, head.query, head.authority}) {
    check_inside(bytes, view);
  }
  if (head.path != "/" && head.path != "*") {
    check_inside(bytes, head.path);
  }
  check_fields(bytes, head.fields);
  check_same_fields(head.fields, bytewise_head.fields);
  check_forwarded_request(head, false);
  check_forwarded_request(head, true);
}

void check_forwarded_response(const ResponseHead& head) {
  const Result<BodyFraming> framing = response_framing(head, Method::get);
  if (!framing || head.status < 200) {
    return;
  }
  std::string out;
  append_downstream_response(out, head, {.kind = framing->kind, .length = framing->length}, "http://backend:1");
  ResponseHead again;
  ResponseHeadParser parser(wide_limits, again);
  check(parser.parse(out) == ParseStatus::complete, "what goes downstream parses");
  check(again.size == out.size() && again.status == head.status && again.reason == head.reason,
        "what goes downstream is the same response");
  const Result<BodyFraming> framing_again = response_framing(again, Method::get);
  check(framing_again && framing_again->kind == framing->kind && framing_again->length == framing->length,
        "what goes downstream ends where it ended");
  check(count(again.fields, FieldId::x_backend_server) == 1 && count(again.fields, FieldId::via) == 1,
        "the proxy's fields are there once");
}

void fuzz_response(std::string_view bytes) {
  ResponseHead head;
  ResponseHeadParser parser(fuzz_limits, head);
  const ParseStatus status = parser.parse(bytes);
  ResponseHead bytewise_head;
  ResponseHeadParser bytewise(fuzz_limits, bytewise_head);
  check(parse_bytewise(bytes, bytewise, bytewise_head) == status, "byte by byte as whole");
  check(parser.error() == bytewise.error(), "the same fault byte by byte");
  check(status != ParseStatus::failed || parser.error().side == Side::upstream, "a backend's fault is the backend's");
  if (status != ParseStatus::complete) {
    return;
  }
  check(head.size <= fuzz_limits.head && head.size == bytewise_head.size, "the size is right");
  check(head.status >= 100 && head.status <= 599, "the status is out of range");
  check_inside(bytes, head.reason);
  check_fields(bytes, head.fields);
  check_same_fields(head.fields, bytewise_head.fields);
  check_forwarded_response(head);
}

}  // namespace
}  // namespace fairlead::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fairlead::http::fuzz_request(bytes);
  fairlead::http::fuzz_response(bytes);
  return 0;
}
