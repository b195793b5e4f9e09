// Writes JSON (RFC 8259): values one after another, commas and quotes as they belong. Used by the admin API and by
// problem answers. Whoever writes closes what it opened. Pure; one thread; `out` outlives the writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead {

/// A quoted string. Bytes from 0x20 pass as they are, so text that isn't UTF-8 must not come here.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  /// Of the value that follows.
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& number(std::int64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();

  JsonWriter& member(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonWriter& member(std::string_view name, std::int64_t value) { return key(name).number(value); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void begin_value();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace fairlead
