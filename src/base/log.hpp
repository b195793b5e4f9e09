// Diagnostics: one event a line, `level message key=value ...`, the message constant and in lower case.
// error: an operator must act; warn: degraded, heals by itself; info: a state changed, once a flip; debug: a request.
// Thread rule: a Log may be used from any thread; the sink behind it (app/) is bounded and never blocks the caller.
// Never pass secrets: no passwords, tokens or bodies.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace fairlead {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

/// One `key=value` of a line. Numbers are turned to text; text with blanks, quotes or control bytes is quoted.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view key_in, std::string_view value_in) : key(key_in), value(value_in) {}
  LogField(std::string_view key_in, const char* value_in) : key(key_in), value(value_in) {}
  LogField(std::string_view key_in, const std::string& value_in) : key(key_in), value(value_in) {}
  LogField(std::string_view key_in, bool value_in) : key(key_in), value(value_in ? "true" : "false") {}
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>)
  LogField(std::string_view key_in, Number value_in) : key(key_in), value(std::to_string(value_in)) {}
};

/// Where lines go. Must be callable from any thread and must not block.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(LogLevel level, std::string_view line) = 0;
};

class Log {
 public:
  /// `sink` must outlive the Log.
  explicit Log(LogSink& sink, LogLevel least = LogLevel::info) : sink_(&sink), least_(least) {}

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) const { write(LogLevel::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(LogLevel::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) const { write(LogLevel::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(LogLevel::error, message, fields); }
  [[nodiscard]] bool enabled(LogLevel level) const { return level >= least_; }

 private:
  void write(LogLevel level, std::string_view message, Fields fields) const;

  LogSink* sink_;
  LogLevel least_;
};

/// `message key=value ...` with values quoted where needed; what Log hands to its sink.
std::string format_log_line(std::string_view message, Log::Fields fields);

}  // namespace fairlead
