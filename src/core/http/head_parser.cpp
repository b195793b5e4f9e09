#include "core/http/head_parser.hpp"

#include <algorithm>

#include "core/http/authority.hpp"
#include "core/http/byte_scan.hpp"
#include "core/http/connection_options.hpp"

namespace fairlead::http {

namespace {

// RFC 9112 section 2.2 asks to ignore at least one; old clients send one behind the body of a POST.
constexpr std::size_t empty_lines_max = 4;
// Longer than any registered method: answered with 501 (RFC 9112 section 3) before it may fill the buffer.
constexpr std::size_t method_max = 32;
constexpr std::string_view version_pattern = "HTTP/d.d";
constexpr std::string_view common_version = "HTTP/1.1";
constexpr std::string_view status_pattern = "HTTP/1.d ddd";

bool matches(char pattern, char c) {
  return pattern == 'd' ? is_digit(c) : pattern == c;
}

std::string_view without_scheme(std::string_view target) {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      return target.substr(scheme.size());
    }
  }
  return {};
}

bool announces_body(const FieldList& fields) {
  const Field* const length = find_field(fields, FieldId::content_length);
  return (length != nullptr && length->value != "0") || find_field(fields, FieldId::transfer_encoding) != nullptr;
}

// Only the first `head` bytes are ever looked at, so that a limit bites at the same byte however the input was cut.
std::string_view within(const HeadLimits& limits, std::string_view bytes) {
  return bytes.substr(0, limits.head);
}

}  // namespace

RequestHeadParser::RequestHeadParser(const HeadLimits& limits, RequestHead& head) : limits_(limits), head_(head) {
  head_.clear();
}

void RequestHeadParser::restart() {
  head_.clear();
  error_ = Error{};
  position_ = 0;
  part_start_ = 0;
  query_mark_ = 0;
  empty_lines_ = 0;
  at_ = At::empty_lines;
  started_ = false;
}

ParseStatus RequestHeadParser::parse(std::string_view bytes) {
  if (at_ == At::done) {
    return ParseStatus::complete;
  }
  if (at_ == At::failed) {
    return ParseStatus::failed;
  }
  const ParseStatus status = advance(within(limits_, bytes));
  if (status == ParseStatus::incomplete && bytes.size() >= limits_.head) {
    return fail(431, "the head is too large");
  }
  return status;
}

// The steps answer `complete` for "go on with the next one".
ParseStatus RequestHeadParser::advance(std::string_view bytes) {
  while (at_ != At::fields) {
    if (position_ >= bytes.size()) {
      return ParseStatus::incomplete;
    }
    ParseStatus step = ParseStatus::complete;
    switch (at_) {
      case At::empty_lines:
      case At::empty_line_feed: step = scan_empty_lines(bytes[position_]); break;
      case At::method: step = scan_method(bytes); break;
      case At::target: step = scan_target(bytes); break;
      case At::version: step = scan_version(bytes); break;
      case At::line_feed: {
        if (bytes[position_] != '\n') {
          return fail(400, "a carriage return stands alone");
        }
        fields_.start(++position_);
        at_ = At::fields;
        break;
      }
      case At::fields:
      case At::done:
      case At::failed: break;
    }
    if (step != ParseStatus::complete) {
      return step;
    }
  }
  const ParseStatus status = fields_.parse(bytes, limits_, head_.fields, error_);
  if (status == ParseStatus::failed) {
    at_ = At::failed;
  }
  return status == ParseStatus::complete ? take_fields() : status;
}

ParseStatus RequestHeadParser::scan_empty_lines(char c) {
  if (at_ == At::empty_line_feed) {
    if (c != '\n') {
      return fail(400, "a carriage return stands alone");
    }
    if (++empty_lines_ > empty_lines_max) {
      return fail(400, "too many empty lines stand before the request line");
    }
    at_ = At::empty_lines;
    ++position_;
    return ParseStatus::complete;
  }
  if (c == '\r') {
    at_ = At::empty_line_feed;
    ++position_;
    return ParseStatus::complete;
  }
  started_ = true;
  part_start_ = position_;
  at_ = At::method;
  return ParseStatus::complete;
}

ParseStatus RequestHeadParser::scan_method(std::string_view bytes) {
  position_ = skip_token(bytes, position_, std::min(bytes.size(), part_start_ + method_max + 1));
  if (position_ - part_start_ > method_max) {
    return fail(501, "the method is longer than any that is known");
  }
  if (position_ == bytes.size()) {
    return ParseStatus::incomplete;
  }
  if (bytes[position_] != ' ' || position_ == part_start_) {
    return fail(400, "the request line doesn't start with a method and a space");
  }
  head_.method_text = bytes.substr(part_start_, position_ - part_start_);
  head_.method = method_of(head_.method_text);
  if (head_.method == Method::connect) {
    return fail(501, "tunnels are not offered");
  }
  part_start_ = ++position_;
  at_ = At::target;
  return ParseStatus::complete;
}

ParseStatus RequestHeadParser::scan_target(std::string_view bytes) {
  const char first = bytes[part_start_];
  if (first != '/' && first != '*' && !is_letter(first)) {
    return fail(400, "the request target has none of the forms that are allowed");
  }
  const std::size_t end = std::min(bytes.size(), part_start_ + limits_.target);
  if (query_mark_ == 0) {
    position_ = skip_path(bytes, position_, end);
    query_mark_ = position_ < end && bytes[position_] == '?' ? position_ : 0;
  }
  if (query_mark_ != 0) {
    position_ = skip_query(bytes, position_, end);
  }
  if (position_ == bytes.size()) {
    return ParseStatus::incomplete;
  }
  if (bytes[position_] != ' ') {
    return position_ == part_start_ + limits_.target ? fail(414, "the request target is too long")
                                                     : fail(400, "the request target has a byte that isn't allowed");
  }
  const std::string_view target = bytes.substr(part_start_, position_ - part_start_);
  part_start_ = ++position_;
  at_ = At::version;
  return take_target(target);
}

ParseStatus RequestHeadParser::take_target(std::string_view target) {
  head_.target = target;
  head_.path = target;
  head_.has_query = query_mark_ != 0;
  if (head_.has_query) {
    const std::size_t mark = target.find('?');
    head_.path = target.substr(0, mark);
    head_.query = target.substr(mark + 1);
  }
  if (target.front() == '/') {
    return ParseStatus::complete;
  }
  if (target.front() != '*') {
    return take_absolute_form();
  }
  return target == "*" && head_.method == Method::options
             ? ParseStatus::complete
             : fail(400, "the request target has none of the forms that are allowed");
}

ParseStatus RequestHeadParser::take_absolute_form() {
  const std::string_view hierarchy = without_scheme(head_.path);
  const std::size_t slash = std::min(hierarchy.find('/'), hierarchy.size());
  head_.authority = hierarchy.substr(0, slash);
  if (!is_authority(head_.authority)) {
    return fail(400, "the request target has none of the forms that are allowed");
  }
  head_.path = hierarchy.substr(slash);
  if (head_.path.empty()) {
    // RFC 9112 section 3.2.4: the last proxy turns OPTIONS without path and query into asterisk-form.
    head_.path = head_.method == Method::options && !head_.has_query ? "*" : "/";
  }
  return ParseStatus::complete;
}

/// "HTTP/1.1" whole and at once, as nearly every request has it; anything else is left to the byte by byte scan.
void RequestHeadParser::take_common_version(std::string_view bytes) {
  if (position_ == part_start_ && bytes.substr(position_).starts_with(common_version)) {
    head_.version = Version::http_1_1;
    position_ += common_version.size();
  }
}

ParseStatus RequestHeadParser::scan_version(std::string_view bytes) {
  take_common_version(bytes);
  for (; position_ < bytes.size(); ++position_) {
    const std::size_t index = position_ - part_start_;
    const char c = bytes[position_];
    if (index == version_pattern.size()) {
      if (c != '\r') {
        return fail(400, "the request line doesn't end behind the version");
      }
      ++position_;
      at_ = At::line_feed;
      return ParseStatus::complete;
    }
    if (!matches(version_pattern[index], c)) {
      return fail(400, "the request line has no version of HTTP");
    }
    if (index + 1 == version_pattern.size()) {
      if (bytes[position_ - 2] != '1' || c > '1') {
        return fail(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
      }
      head_.version = c == '1' ? Version::http_1_1 : Version::http_1_0;
    }
  }
  return ParseStatus::incomplete;
}

ParseStatus RequestHeadParser::take_host(const Field& field, bool repeated) {
  if (repeated) {
    return fail(400, "there is more than one Host field");
  }
  // RFC 9112 section 3.2: it's empty where the target has no authority.
  if (!field.value.empty() && !is_authority(field.value)) {
    return fail(400, "the Host field isn't a host with an optional port");
  }
  // RFC 9112 section 3.2.2: the target's own authority wins.
  if (head_.authority.empty()) {
    head_.authority = field.value;
  }
  return ParseStatus::complete;
}

ParseStatus RequestHeadParser::take_fields() {
  bool has_host = false;
  bool has_connection = false;
  bool has_other_expectation = false;
  for (const Field& field : head_.fields) {
    if (field.id == FieldId::host) {
      if (take_host(field, has_host) == ParseStatus::failed) {
        return ParseStatus::failed;
      }
      has_host = true;
    } else if (field.id == FieldId::connection) {
      has_connection = true;
    } else if (field.id == FieldId::expect) {
      for_each_list_member(field.value, [this, &has_other_expectation](std::string_view expectation) {
        const bool known = equals_ignoring_case(expectation, "100-continue");
        // RFC 9110 section 10.1.1: an HTTP/1.0 client's expectation is ignored.
        head_.expects_continue = head_.expects_continue || (known && head_.version == Version::http_1_1);
        has_other_expectation = has_other_expectation || !known;
      });
    }
  }
  if (!has_host && head_.version == Version::http_1_1) {
    return fail(400, "there is no Host field");
  }
  const ConnectionOptions options = has_connection ? connection_options_of(head_.fields) : ConnectionOptions{};
  if (options.count > connection_options_max) {
    return fail(431, "the Connection fields have too many options");
  }
  if (has_other_expectation) {
    return fail(417, "the only expectation that can be met is 100-continue");
  }
  head_.keep_alive = persists(options, head_.version);
  head_.names_fields = options.names_fields;
  head_.size = fields_.end();
  at_ = At::done;
  return ParseStatus::complete;
}

ParseStatus RequestHeadParser::fail(int code, std::string_view detail) {
  const bool too_large = code == 414 || code == 431;
  error_ = Error{too_large ? ErrorKind::too_large : ErrorKind::malformed, Side::downstream, code, detail};
  at_ = At::failed;
  started_ = true;
  return ParseStatus::failed;
}

ResponseHeadParser::ResponseHeadParser(const HeadLimits& limits, ResponseHead& head) : limits_(limits), head_(head) {
  head_.clear();
}

void ResponseHeadParser::restart() {
  head_.clear();
  error_ = Error{};
  position_ = 0;
  at_ = At::version_and_status;
}

ParseStatus ResponseHeadParser::parse(std::string_view bytes) {
  if (at_ == At::done) {
    return ParseStatus::complete;
  }
  if (at_ == At::failed) {
    return ParseStatus::failed;
  }
  const ParseStatus status = advance(within(limits_, bytes));
  if (status == ParseStatus::incomplete && bytes.size() >= limits_.head) {
    return fail("the backend's head is too large", ErrorKind::too_large);
  }
  return status;
}

ParseStatus ResponseHeadParser::advance(std::string_view bytes) {
  while (at_ != At::fields) {
    if (position_ >= bytes.size()) {
      return ParseStatus::incomplete;
    }
    ParseStatus step = ParseStatus::complete;
    switch (at_) {
      case At::version_and_status: step = scan_version_and_status(bytes); break;
      case At::reason: step = scan_reason(bytes); break;
      case At::line_feed: {
        if (bytes[position_] != '\n') {
          return fail("a carriage return stands alone");
        }
        fields_.start(++position_);
        at_ = At::fields;
        break;
      }
      case At::fields:
      case At::done:
      case At::failed: break;
    }
    if (step != ParseStatus::complete) {
      return step;
    }
  }
  const ParseStatus status = fields_.parse(bytes, limits_, head_.fields, error_);
  if (status == ParseStatus::failed) {
    return fail(error_.detail, error_.kind);
  }
  return status == ParseStatus::complete ? take_fields() : status;
}

/// "HTTP/1.1 200" whole and at once, as nearly every answer begins; anything else is left to the byte by byte scan.
void ResponseHeadParser::take_common_start(std::string_view bytes) {
  constexpr std::string_view start = "HTTP/1.1 ";
  if (position_ != 0 || bytes.size() <= status_pattern.size() || !bytes.starts_with(start)) {
    return;
  }
  const auto digit = [&](std::size_t index) { return static_cast<unsigned>(bytes[start.size() + index] - '0'); };
  if (digit(0) - 1 < 5 && digit(1) < 10 && digit(2) < 10) {
    head_.version = Version::http_1_1;
    head_.status = static_cast<int>(digit(0) * 100 + digit(1) * 10 + digit(2));
    position_ = status_pattern.size();
  }
}

ParseStatus ResponseHeadParser::scan_version_and_status(std::string_view bytes) {
  take_common_start(bytes);
  for (; position_ < bytes.size(); ++position_) {
    const char c = bytes[position_];
    if (position_ == status_pattern.size()) {
      if (c != ' ' && c != '\r') {
        return fail("the backend's status code isn't three digits");
      }
      at_ = c == ' ' ? At::reason : At::line_feed;
      ++position_;
      return ParseStatus::complete;
    }
    const bool is_minor = position_ == 7;
    const bool is_class = position_ == 9;
    if (!matches(status_pattern[position_], c) || (is_minor && c > '1') || (is_class && (c < '1' || c > '5'))) {
      return fail("the backend's status line isn't one of HTTP/1.1 or HTTP/1.0");
    }
    if (is_minor) {
      head_.version = c == '1' ? Version::http_1_1 : Version::http_1_0;
    } else if (position_ >= 9) {
      head_.status = head_.status * 10 + (c - '0');
    }
  }
  return ParseStatus::incomplete;
}

ParseStatus ResponseHeadParser::scan_reason(std::string_view bytes) {
  position_ = skip_text(bytes, position_, std::min(bytes.size(), limits_.line));
  if (position_ == bytes.size()) {
    return ParseStatus::incomplete;
  }
  if (bytes[position_] != '\r') {
    return position_ >= limits_.line ? fail("the backend's status line is too long", ErrorKind::too_large)
                                     : fail("the backend's reason phrase has a control byte");
  }
  const std::size_t start = status_pattern.size() + 1;
  head_.reason = bytes.substr(start, position_ - start);
  ++position_;
  at_ = At::line_feed;
  return ParseStatus::complete;
}

ParseStatus ResponseHeadParser::take_fields() {
  const ConnectionOptions options = connection_options_of(head_.fields);
  if (options.count > connection_options_max) {
    return fail("the backend's Connection fields have too many options", ErrorKind::too_large);
  }
  // A 204 that announces a body may well send it: where the next answer starts is then anyone's guess.
  head_.keep_alive = persists(options, head_.version) && !(head_.status == 204 && announces_body(head_.fields));
  head_.names_fields = options.names_fields;
  head_.size = fields_.end();
  at_ = At::done;
  return ParseStatus::complete;
}

ParseStatus ResponseHeadParser::fail(std::string_view detail, ErrorKind kind) {
  error_ = Error{kind, Side::upstream, 502, detail};
  at_ = At::failed;
  return ParseStatus::failed;
}

}  // namespace fairlead::http
