#include "io/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "base/ip_address.hpp"

namespace fairlead::io {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

constexpr const char* unix_text = "unix:";

std::string text_of(const std::array<std::uint8_t, 16>& ip) {
  char text[INET6_ADDRSTRLEN] = "";
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), ip.begin())) {
    inet_ntop(AF_INET, ip.data() + mapped_prefix.size(), text, sizeof text);
  } else {
    inet_ntop(AF_INET6, ip.data(), text, sizeof text);
  }
  return text;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t length) : length_(std::min<socklen_t>(length, sizeof storage_)) {
  std::memcpy(&storage_, address, length_);
}

std::optional<Address> Address::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view ip = text.substr(0, colon);
  const std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
  const bool bracketed = ip.size() >= 2 && ip.front() == '[' && ip.back() == ']';
  if (!port || (!bracketed && ip.find(':') != std::string_view::npos)) {
    return std::nullopt;
  }
  if (bracketed) {
    ip = ip.substr(1, ip.size() - 2);
  }
  std::optional<Address> address = from_ip(ip, *port);
  if (address && bracketed != (address->family() == AF_INET6)) {
    return std::nullopt;
  }
  return address;
}

std::optional<Address> Address::from_ip(std::string_view ip, std::uint16_t port) {
  if (const std::optional<IpBytes> v4_bytes = parse_ipv4(ip)) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, v4_bytes->data() + mapped_prefix.size(), sizeof v4.sin_addr);
    return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  if (const std::optional<IpBytes> v6_bytes = parse_ipv6(ip)) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, v6_bytes->data(), sizeof v6.sin6_addr);
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return std::nullopt;
}

std::optional<Address> Address::from_path(std::string_view path) {
  sockaddr_un unix_address{};
  if (path.empty() || path.size() >= sizeof unix_address.sun_path) {
    return std::nullopt;
  }
  unix_address.sun_family = AF_UNIX;
  std::memcpy(unix_address.sun_path, path.data(), path.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return Address(reinterpret_cast<const sockaddr*>(&unix_address), length);
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  }
  return family() == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port) : std::uint16_t{0};
}

void Address::set_port(std::uint16_t port) {
  if (family() == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&storage_)->sin_port = htons(port);
  } else if (family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&storage_)->sin6_port = htons(port);
  }
}

std::array<std::uint8_t, 16> Address::ip_bytes() const {
  std::array<std::uint8_t, 16> bytes{};
  if (family() == AF_INET) {
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin());
    std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, 4);
  } else if (family() == AF_INET6) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr, 16);
  }
  return bytes;
}

std::string Address::ip_text() const {
  return family() == AF_UNIX ? unix_text : text_of(ip_bytes());
}

std::string Address::text() const {
  if (family() == AF_UNIX) {
    return unix_text + std::string(reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path);
  }
  const std::string ip = ip_text();
  const bool is_v6 = ip.find(':') != std::string::npos;
  return (is_v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port());
}

std::string PeerIp::text() const {
  const bool is_unix = bytes_ == std::array<std::uint8_t, 16>{};  // nobody connects from an unspecified address
  return is_unix ? unix_text : text_of(bytes_);
}

}  // namespace fairlead::io
