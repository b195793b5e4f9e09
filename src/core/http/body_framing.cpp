#include "core/http/body_framing.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>

#include "core/http/character_class.hpp"

namespace fairlead::http {

namespace {

constexpr std::size_t size_digits_max = 16;
// What a parser with signed numbers still reads as the same size, and what leaves room for bytes of our own in front.
constexpr std::uint64_t size_max = std::numeric_limits<std::int64_t>::max();

struct FramingFields {
  const Field* length = nullptr;
  const Field* coding = nullptr;
  bool repeated = false;
};

FramingFields framing_fields_of(const FieldList& fields) {
  FramingFields found;
  for (const Field& field : fields) {
    if (field.id == FieldId::content_length || field.id == FieldId::transfer_encoding) {
      const Field*& slot = field.id == FieldId::content_length ? found.length : found.coding;
      found.repeated = found.repeated || slot != nullptr;
      slot = &field;
    }
  }
  return found;
}

/// 1*DIGIT and nothing else, up to size_max: lists such as "4, 4" are refused too, since a recipient of the old
/// rules and one of the new would read different lengths.
std::optional<std::uint64_t> length_of(std::string_view text) {
  std::uint64_t length = 0;
  for (const char c : text) {
    if (!is_digit(c)) {
      return std::nullopt;
    }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (size_max - digit) / 10) {
      return std::nullopt;
    }
    length = length * 10 + digit;
  }
  return text.empty() ? std::nullopt : std::optional(length);
}

/// "gzip, chunked": well-formed and unambiguous, only not spoken here. Without a last `chunked` nobody can tell where a
/// request ends (RFC 9112 section 6.3), so that is malformed.
bool is_known_by_others(std::string_view codings) {
  std::ptrdiff_t members = 0;
  std::ptrdiff_t chunked = 0;
  bool chunked_is_last = false;
  bool tokens = true;
  for_each_list_member(codings, [&](std::string_view coding) {
    ++members;
    tokens = tokens && is_token(coding);
    chunked_is_last = equals_ignoring_case(coding, "chunked");
    chunked += chunked_is_last ? 1 : 0;
  });
  const bool none_is_empty = members == 1 + std::count(codings.begin(), codings.end(), ',');
  return tokens && none_is_empty && chunked == 1 && chunked_is_last;
}

/// What the framing fields say; the error is that of a request.
Result<BodyFraming> told_framing(const FieldList& fields, Version version, BodyKind without_fields) {
  const FramingFields found = framing_fields_of(fields);
  const auto malformed = [](std::string_view detail) {
    return Error{ErrorKind::malformed, Side::downstream, 400, detail};
  };
  if (found.length != nullptr && found.coding != nullptr) {
    return malformed("there are both Content-Length and Transfer-Encoding");
  }
  if (found.repeated) {
    return malformed("a framing field is repeated");
  }
  if (found.coding != nullptr) {
    if (version == Version::http_1_0) {
      return malformed("HTTP/1.0 has no Transfer-Encoding");
    }
    if (equals_ignoring_case(found.coding->value, "chunked")) {
      return BodyFraming{BodyKind::chunked, 0};
    }
    if (is_known_by_others(found.coding->value)) {
      return Error{ErrorKind::malformed, Side::downstream, 501, "the only transfer coding spoken here is chunked"};
    }
    return malformed("the Transfer-Encoding isn't chunked");
  }
  if (found.length != nullptr) {
    const std::optional<std::uint64_t> length = length_of(found.length->value);
    return length ? Result<BodyFraming>(BodyFraming{BodyKind::length, *length})
                  : malformed("the Content-Length isn't a number");
  }
  return BodyFraming{without_fields, 0};
}

bool is_interim(int status) {
  return status < 200;
}

// RFC 9110 section 6.5.1: fields that would change how the message is framed, routed, authenticated or read must not be
// taken from a trailer; they are dropped rather than passed on.
constexpr std::string_view dropped_trailers[] = {
    "accept-encoding",
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authentication-info",
    "range",
    "retry-after",
    "set-cookie",
    "vary",
    "www-authenticate",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "warning",
};

// A name with '_' could be any of these to a backend of the CGI kind, and no trailer in use has one.
bool may_pass_in_trailer(std::string_view name) {
  return field_id_of(name) == FieldId::other && name.find('_') == std::string_view::npos &&
         std::none_of(std::begin(dropped_trailers), std::end(dropped_trailers),
                      [name](std::string_view dropped) { return equals_ignoring_case(name, dropped); });
}

}  // namespace

Result<BodyFraming> request_framing(const RequestHead& head) {
  return told_framing(head.fields, head.version, BodyKind::none);
}

Result<BodyFraming> response_framing(const ResponseHead& head, Method request_method) {
  const Result<BodyFraming> told = told_framing(head.fields, head.version, BodyKind::until_close);
  if (!told) {
    return Error{ErrorKind::malformed, Side::upstream, 502, told.error().detail};
  }
  const bool says_that_bytes_follow =
      told->kind == BodyKind::chunked || (told->kind == BodyKind::length && told->length > 0);
  if (is_interim(head.status) && says_that_bytes_follow) {
    // They would be read as the final answer.
    return Error{ErrorKind::malformed, Side::upstream, 502, "an interim response announces a body"};
  }
  if (is_interim(head.status) || head.status == 204 || head.status == 304 || request_method == Method::head) {
    return BodyFraming{BodyKind::none, 0};
  }
  return told;
}

BodyDecoder::BodyDecoder(BodyFraming framing, ChunkLimits limits) : framing_(framing), limits_(limits) {
  switch (framing.kind) {
    case BodyKind::none: break;
    case BodyKind::length:
      remaining_ = framing.length;
      state_ = remaining_ > 0 ? State::data : State::done;
      break;
    case BodyKind::chunked: state_ = State::size; break;
    case BodyKind::until_close: state_ = State::data; break;
  }
}

bool BodyDecoder::finished() const {
  return state_ == State::done;
}

Result<BodyDecoder::Step> BodyDecoder::next(std::string_view raw) {
  std::size_t offset = 0;
  while (offset < raw.size() && state_ != State::done) {
    if (state_ == State::data) {
      return take_data(raw, offset);
    }
    const std::string_view fault = take_framing(raw[offset]);
    if (!fault.empty()) {
      state_ = State::failed;
      return Error{ErrorKind::malformed, Side::internal, 0, fault};
    }
    ++offset;
  }
  return Step{offset, {}};
}

Result<void> BodyDecoder::end_of_stream() {
  if (framing_.kind == BodyKind::until_close && state_ == State::data) {
    state_ = State::done;
  }
  if (state_ == State::done) {
    return {};
  }
  return Error{ErrorKind::closed, Side::internal, 0, "the body was cut short"};
}

BodyDecoder::Step BodyDecoder::take_data(std::string_view raw, std::size_t offset) {
  std::string_view data = raw.substr(offset);
  if (framing_.kind != BodyKind::until_close) {
    data = data.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, data.size())));
    remaining_ -= data.size();
    if (remaining_ == 0) {
      state_ = framing_.kind == BodyKind::chunked ? State::data_cr : State::done;
    }
  }
  return Step{offset + data.size(), data};
}

std::string_view BodyDecoder::take_framing(char c) {
  switch (state_) {
    case State::size: return take_size(c);
    case State::extension: return take_extension(c);
    case State::size_lf: return take_size_end(c);
    case State::data_cr: state_ = State::data_lf; return c == '\r' ? "" : "a chunk is longer than its size";
    case State::data_lf:
      state_ = State::size;
      size_digits_ = 0;
      return c == '\n' ? "" : "a chunk doesn't end with a line end";
    case State::trailer: return take_trailer(c);
    case State::failed: return "the body was malformed before";
    case State::data:
    case State::done: break;
  }
  return "";
}

std::string_view BodyDecoder::take_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
    return ++size_digits_ <= size_digits_max && remaining_ <= size_max ? "" : "a chunk size is too large";
  }
  if (size_digits_ == 0 || (c != ';' && c != '\r')) {
    return "a chunk size isn't hexadecimal";
  }
  extension_bytes_ = 0;
  state_ = c == ';' ? State::extension : State::size_lf;
  return "";
}

std::string_view BodyDecoder::take_extension(char c) {
  if (c == '\r') {
    state_ = State::size_lf;
    return "";
  }
  if (!is_in(text_class, c)) {
    return "a chunk extension has a control byte";
  }
  return ++extension_bytes_ <= limits_.extension_bytes && ++extension_bytes_total_ <= limits_.extension_bytes_total
             ? ""
             : "the chunk extensions are too long";
}

std::string_view BodyDecoder::take_size_end(char c) {
  state_ = remaining_ > 0 ? State::data : State::trailer;
  return c == '\n' ? "" : "a carriage return stands alone in a chunk's size line";
}

std::string_view BodyDecoder::take_trailer(char c) {
  if (++trailer_bytes_ > limits_.trailer_bytes) {
    return "the trailer section is too long";
  }
  const bool behind_return = !trailer_line_.empty() && trailer_line_.back() == '\r';
  if (behind_return) {
    return c == '\n' ? end_trailer_line() : "a carriage return stands alone in a trailer";
  }
  const bool in_name = trailer_colon_ == 0;
  if (c == ':' && in_name && !trailer_line_.empty()) {
    trailer_colon_ = trailer_line_.size();
  } else if (c == '\r' ? in_name && !trailer_line_.empty() : !is_in(in_name ? token_class : text_class, c)) {
    return "a trailer isn't a field line";
  }
  trailer_line_.push_back(c);
  return "";
}

std::string_view BodyDecoder::end_trailer_line() {
  if (trailer_line_.size() == 1) {
    state_ = State::done;
    return "";
  }
  if (++trailer_fields_ > limits_.trailer_fields) {
    return "the trailer section has too many fields";
  }
  const std::string_view line(trailer_line_);
  const std::string_view name = line.substr(0, trailer_colon_);
  if (may_pass_in_trailer(name)) {
    const std::string_view value = trim_blanks(line.substr(trailer_colon_ + 1, line.size() - trailer_colon_ - 2));
    trailers_.append(name).append(": ").append(value).append("\r\n");
  }
  trailer_line_.clear();
  trailer_colon_ = 0;
  return "";
}

}  // namespace fairlead::http
