#include "core/balance/backend_set.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/ip_address.hpp"

namespace fairlead::balance {
namespace {

constexpr std::string_view scheme = "http://";
constexpr std::size_t name_max = 253;
constexpr std::size_t label_max = 63;

Error broken(std::string_view rule) {
  return Error{ErrorKind::malformed, Side::internal, 0, rule};
}

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

bool is_label_character(char character) {
  return is_digit(character) || (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         character == '-' || character == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_max && std::all_of(label.begin(), label.end(), is_label_character);
}

/// A name as resolvers take it; underscores are allowed because container networks use them. A name whose last label
/// is a number can only be meant as an IPv4 address, so it has to be one.
bool is_host_name(std::string_view host) {
  if (host.size() > name_max) {
    return false;
  }
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  while (true) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (!is_label(label)) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return !std::all_of(label.begin(), label.end(), is_digit);
    }
    host.remove_prefix(dot + 1);
  }
}

/// What stands between "http://" and the path, cut at the colon before the port.
struct Authority {
  std::string_view host;
  std::string_view port;
  bool has_port = false;
  bool is_bracketed = false;
};

Result<Authority> split_bracketed(std::string_view text) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) {
    return broken("an IPv6 address in a backend URL ends with ']'");
  }
  const std::string_view rest = text.substr(end + 1);
  if (!rest.empty() && rest.front() != ':') {
    return broken("only ':' and a port may follow ']' in a backend URL");
  }
  return Authority{text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1), !rest.empty(), true};
}

Result<Authority> split_authority(std::string_view text) {
  if (text.starts_with('[')) {
    return split_bracketed(text);
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return Authority{text, {}, false, false};
  }
  return Authority{text.substr(0, colon), text.substr(colon + 1), true, false};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0' || !std::all_of(text.begin(), text.end(), is_digit)) {
    return std::nullopt;
  }
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value > 65535) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(value);
}

/// A fault of the URL as a whole, or an empty text.
std::string_view fault_of(std::string_view url) {
  if (std::any_of(url.begin(), url.end(), [](unsigned char byte) { return byte <= ' ' || byte >= 0x7f; })) {
    return "a backend URL has no blanks, control or non-ASCII characters";
  }
  if (url.starts_with("https://")) {
    return "https:// backends are not supported yet; use http://";
  }
  if (!url.starts_with(scheme)) {
    return "a backend URL starts with http://";
  }
  if (url.find_first_of("?#") != std::string_view::npos) {
    return "a backend URL has no query and no fragment";
  }
  if (url.find('@') != std::string_view::npos) {
    return "a backend URL has no user and no password";
  }
  return {};
}

Result<BackendAddress> address_of(const Authority& authority) {
  if (authority.host.empty()) {
    return broken("a backend URL names a host");
  }
  const bool is_valid = authority.is_bracketed ? parse_ipv6(authority.host).has_value()
                                               : parse_ipv4(authority.host).has_value() || is_host_name(authority.host);
  if (!is_valid) {
    return broken(authority.is_bracketed ? "not an IPv6 address between '[' and ']' in a backend URL"
                                         : "the host of a backend URL is a name, an IPv4 address or [IPv6]");
  }
  const std::optional<std::uint16_t> port = authority.has_port ? parse_port(authority.port) : std::uint16_t{80};
  if (!port) {
    return broken("the port of a backend URL is a number from 1 to 65535");
  }
  return BackendAddress{std::string(authority.host), *port};
}

}  // namespace

Result<BackendAddress> parse_backend_url(std::string_view url) {
  if (const std::string_view fault = fault_of(url); !fault.empty()) {
    return broken(fault);
  }
  std::string_view rest = url.substr(scheme.size());
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && slash + 1 != rest.size()) {
    return broken("a backend URL has no path");
  }
  const Result<Authority> authority = split_authority(rest.substr(0, slash));
  if (!authority) {
    return authority.error();
  }
  return address_of(*authority);
}

std::string_view authority_of(const Backend& backend) {
  std::string_view authority = std::string_view(backend.url).substr(scheme.size());
  if (authority.ends_with('/')) {
    authority.remove_suffix(1);
  }
  return authority;
}

BackendSet::BackendSet(std::vector<Backend> backends) : backends_(std::move(backends)), by_url_(backends_.size()) {
  for (Backend& backend : backends_) {
    backend.weight = std::max(backend.weight, 1U);
    if (backend.activity == nullptr) {
      backend.activity = std::make_shared<BackendActivity>();
    }
    uniform_ = uniform_ && backend.weight == backends_.front().weight;
  }
  std::iota(by_url_.begin(), by_url_.end(), BackendIndex{0});
  std::sort(by_url_.begin(), by_url_.end(), [this](BackendIndex left, BackendIndex right) {
    return std::tie(backends_[left].url, left) < std::tie(backends_[right].url, right);
  });
}

const Backend* BackendSet::find(std::string_view url) const {
  const std::span<const BackendIndex> found = indices_of(url);
  return found.empty() ? nullptr : &backends_[found.front()];
}

std::span<const BackendIndex> BackendSet::indices_of(std::string_view url) const {
  const auto first = std::partition_point(by_url_.begin(), by_url_.end(),
                                          [this, url](BackendIndex index) { return backends_[index].url < url; });
  const auto last = std::partition_point(first, by_url_.end(),
                                         [this, url](BackendIndex index) { return backends_[index].url == url; });
  return {first, last};
}

}  // namespace fairlead::balance
