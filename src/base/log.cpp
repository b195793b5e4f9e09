#include "base/log.hpp"

#include <algorithm>

namespace fairlead {
namespace {

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](unsigned char byte) {
           return byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte >= 0x7f;
         });
}

void append_quoted(std::string& line, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  line += '"';
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte == '"' || byte == '\\') {
      line += '\\';
      line += character;
    } else if (byte < ' ' || byte == 0x7f) {
      line += "\\x";
      line += hex[byte >> 4];
      line += hex[byte & 15];
    } else {
      line += character;
    }
  }
  line += '"';
}

}  // namespace

std::string format_log_line(std::string_view message, Log::Fields fields) {
  std::string line(message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (needs_quotes(field.value)) {
      append_quoted(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line;
}

void Log::write(LogLevel level, std::string_view message, Fields fields) const {
  if (enabled(level)) {
    sink_->write(level, format_log_line(message, fields));
  }
}

}  // namespace fairlead
