#include "core/http/field_section.hpp"

#include <algorithm>

#include "core/http/byte_scan.hpp"

namespace fairlead::http {

namespace {

ParseStatus fail(Error& error, std::string_view detail) {
  error = Error{ErrorKind::malformed, Side::downstream, 400, detail};
  return ParseStatus::failed;
}

ParseStatus fail_too_large(Error& error, std::string_view detail) {
  error = Error{ErrorKind::too_large, Side::downstream, 431, detail};
  return ParseStatus::failed;
}

std::string_view name_fault(char c, bool empty) {
  if (c == ':' && empty) {
    return "a field name is empty";
  }
  if (is_blank(c)) {
    return "a blank stands in or behind a field name";
  }
  if (c == '\r' || c == '\n') {
    return "a field line has no colon";
  }
  return "a field name has a byte that isn't allowed";
}

}  // namespace

void FieldSection::start(std::size_t offset) {
  position_ = offset;
  line_start_ = offset;
  at_ = At::line_start;
}

// The steps answer `complete` for "go on with the next one".
ParseStatus FieldSection::parse(std::string_view bytes, const HeadLimits& limits, FieldList& fields, Error& error) {
  while (true) {
    if (at_ == At::line_start) {
      take_whole_lines(bytes, limits, fields);
    }
    if (position_ == bytes.size()) {
      return ParseStatus::incomplete;
    }
    ParseStatus step = ParseStatus::complete;
    switch (at_) {
      case At::line_start: step = begin_line(bytes[position_], limits, fields.size(), error); break;
      case At::name: step = scan_name(bytes, limits, error); break;
      case At::value: step = scan_value(bytes, limits, error); break;
      case At::line_feed: {
        if (bytes[position_] != '\n') {
          return fail(error, "a carriage return stands alone");
        }
        const std::string_view name = bytes.substr(line_start_, colon_ - line_start_);
        const std::string_view value = bytes.substr(colon_ + 1, position_ - colon_ - 2);
        fields.push_back(Field{name, trim_blanks(value), field_id_of(name)});
        line_start_ = ++position_;
        at_ = At::line_start;
        break;
      }
      case At::last_line_feed: {
        if (bytes[position_] != '\n') {
          return fail(error, "a carriage return stands alone");
        }
        ++position_;
        return ParseStatus::complete;
      }
    }
    if (step != ParseStatus::complete) {
      return step;
    }
  }
}

/// Lines that are here from name to line end and in order, as nearly all are. The first that isn't is left to the
/// steps, which know what is wrong with it or still to come.
void FieldSection::take_whole_lines(std::string_view bytes, const HeadLimits& limits, FieldList& fields) {
  while (fields.size() < limits.fields) {
    const std::size_t line_end = std::min(bytes.size(), line_start_ + limits.line);
    const std::size_t colon = skip_token(bytes, line_start_, line_end);
    if (colon == line_start_ || colon == line_end || bytes[colon] != ':') {
      return;
    }
    const std::size_t value_end = skip_text(bytes, colon + 1, line_end);
    if (bytes.substr(value_end, 2) != "\r\n") {
      return;
    }
    const std::string_view name = bytes.substr(line_start_, colon - line_start_);
    const std::string_view value = bytes.substr(colon + 1, value_end - colon - 1);
    fields.push_back(Field{name, trim_blanks(value), field_id_of(name)});
    line_start_ = position_ = value_end + 2;
  }
}

ParseStatus FieldSection::begin_line(char first, const HeadLimits& limits, std::size_t field_count, Error& error) {
  if (first == '\r') {
    at_ = At::last_line_feed;
    ++position_;
    return ParseStatus::complete;
  }
  if (is_blank(first)) {
    return fail(error, "a field line is folded");
  }
  if (field_count >= limits.fields) {
    return fail_too_large(error, "the head has too many fields");
  }
  at_ = At::name;
  return ParseStatus::complete;
}

ParseStatus FieldSection::scan_name(std::string_view bytes, const HeadLimits& limits, Error& error) {
  const std::size_t line_end = std::min(bytes.size(), line_start_ + limits.line);
  position_ = skip_token(bytes, position_, line_end);
  if (position_ == bytes.size()) {
    return ParseStatus::incomplete;
  }
  if (position_ == line_start_ + limits.line) {
    return fail_too_large(error, "a field line is too long");
  }
  const bool empty = position_ == line_start_;
  if (bytes[position_] != ':' || empty) {
    return fail(error, name_fault(bytes[position_], empty));
  }
  colon_ = position_++;
  at_ = At::value;
  return ParseStatus::complete;
}

ParseStatus FieldSection::scan_value(std::string_view bytes, const HeadLimits& limits, Error& error) {
  const std::size_t line_end = std::min(bytes.size(), line_start_ + limits.line);
  position_ = skip_text(bytes, position_, line_end);
  if (position_ == bytes.size()) {
    return ParseStatus::incomplete;
  }
  const char stop = bytes[position_];
  if (stop == '\r') {
    ++position_;
    at_ = At::line_feed;
    return ParseStatus::complete;
  }
  if (position_ == line_start_ + limits.line) {
    return fail_too_large(error, "a field line is too long");
  }
  return fail(error, stop == '\n' ? "a line ends without carriage return" : "a field value has a control byte");
}

}  // namespace fairlead::http
