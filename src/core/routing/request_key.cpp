#include "core/routing/request_key.hpp"

#include <algorithm>
#include <string_view>

#include "core/balance/stable_hash.hpp"
#include "core/routing/query.hpp"

namespace fairlead::routing {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? std::string_view{}
                                         : text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::string_view cookie_in(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view pair = trimmed(cookies.substr(0, end));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return {};
}

std::string_view cookie_value(const http::FieldList& fields, std::string_view name) {
  std::string_view value;
  for (const http::Field& field : fields) {
    if (value.empty() && http::equals_ignoring_case(field.name, "cookie")) {
      value = cookie_in(field.value, name);
    }
  }
  return value;
}

std::uint64_t hash_of(const IpBytes& address) {
  return balance::stable_hash({reinterpret_cast<const char*>(address.data()), address.size()});
}

/// Some proxies write the port too: "192.0.2.1:80", "[2001:db8::1]:80".
std::optional<IpBytes> address_in(std::string_view text) {
  if (const std::optional<IpBytes> address = parse_ip(text)) {
    return address;
  }
  return text.starts_with('[') ? parse_ip(text.substr(1, text.find(']') - 1))
                               : parse_ip(text.substr(0, text.find(':')));
}

/// Takes the last member off a comma-separated list.
std::string_view take_last(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = trimmed(comma == std::string_view::npos ? list : list.substr(comma + 1));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
  return last;
}

/// From the nearest proxy outwards, as far as proxies are believed: each wrote whom it heard.
std::uint64_t client_hash(const http::RequestHead& head, const KeyOrigin& origin) {
  IpBytes client = origin.peer;
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    std::string_view list = field->id == http::FieldId::x_forwarded_for ? field->value : std::string_view{};
    while (!list.empty() && is_in_any(client, origin.trusted_proxies)) {
      const std::string_view text = take_last(list);
      const std::optional<IpBytes> address = address_in(text);
      if (!address && !text.empty()) {
        return balance::stable_hash(text);  // "unknown", or a name of the proxy's own
      }
      client = address.value_or(client);
    }
  }
  return hash_of(client);
}

std::string_view text_of(const KeyRule& rule, const http::RequestHead& head) {
  switch (rule.source) {
    case KeyRule::Source::header: return http::field_value(head.fields, rule.name);
    case KeyRule::Source::cookie: return cookie_value(head.fields, rule.name);
    case KeyRule::Source::query_parameter: return raw_query_value(head.query, rule.name).value_or(std::string_view{});
    case KeyRule::Source::client_address: break;
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> request_key(const KeyRule& rule, const http::RequestHead& head, const KeyOrigin& origin) {
  if (rule.source == KeyRule::Source::client_address) {
    return client_hash(head, origin);
  }
  const std::string_view text = text_of(rule, head);
  return text.empty() ? std::nullopt : std::optional(balance::stable_hash(text));
}

}  // namespace fairlead::routing
