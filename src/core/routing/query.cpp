#include "core/routing/query.hpp"

#include <charconv>
#include <cstddef>

namespace fairlead::routing {
namespace {

struct Parameter {
  std::string_view text;  ///< as it stands, without ampersands
  std::string_view rest;
  bool is_last = false;

  [[nodiscard]] std::string_view name() const { return text.substr(0, text.find('=')); }
  [[nodiscard]] std::string_view value() const {
    const std::size_t equals = text.find('=');
    return equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
  }
};

Parameter first_of(std::string_view query) {
  const std::size_t end = query.find('&');
  if (end == std::string_view::npos) {
    return {query, {}, true};
  }
  return {query.substr(0, end), query.substr(end + 1), false};
}

std::optional<char> hex_pair(std::string_view text) {
  unsigned char byte = 0;
  if (text.size() < 2 || std::from_chars(text.data(), text.data() + 2, byte, 16).ptr != text.data() + 2) {
    return std::nullopt;
  }
  return static_cast<char>(byte);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = text[at] == '%' ? hex_pair(text.substr(at + 1)) : std::nullopt;
    out += byte.value_or(text[at]);
    at += byte ? 2 : 0;
  }
  return out;
}

}  // namespace

std::optional<std::string_view> raw_query_value(std::string_view query, std::string_view name) {
  for (Parameter parameter = first_of(query);; parameter = first_of(parameter.rest)) {
    if (!parameter.text.empty() && parameter.name() == name) {
      return parameter.value();
    }
    if (parameter.is_last) {
      return std::nullopt;
    }
  }
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  const std::optional<std::string_view> value = raw_query_value(query, name);
  return value ? std::optional(decoded(*value)) : std::nullopt;
}

void append_query_without(std::string& out, std::string_view query, std::string_view name) {
  bool is_first = true;
  for (Parameter parameter = first_of(query);; parameter = first_of(parameter.rest)) {
    if (parameter.text.empty() || parameter.name() != name) {
      out += is_first ? "" : "&";
      out += parameter.text;
      is_first = false;
    }
    if (parameter.is_last) {
      return;
    }
  }
}

}  // namespace fairlead::routing
