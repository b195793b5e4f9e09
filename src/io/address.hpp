// A socket address: IPv4, IPv6 or a unix path. A value; parsing and formatting never look anything up.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::io {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);

  /// "127.0.0.1:80", "[::1]:80"; nothing when it is neither.
  static std::optional<Address> parse(std::string_view text);
  /// An IP literal without brackets.
  static std::optional<Address> from_ip(std::string_view ip, std::uint16_t port);
  /// Nothing when the path is empty or longer than a unix address holds.
  static std::optional<Address> from_path(std::string_view path);

  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t length() const { return length_; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  /// As IPv6, IPv4 mapped into it; all zero for a unix path.
  [[nodiscard]] std::array<std::uint8_t, 16> ip_bytes() const;
  /// Without port; an IPv4-mapped address as IPv4; "unix:" for a path.
  [[nodiscard]] std::string ip_text() const;
  /// As parse() reads it.
  [[nodiscard]] std::string text() const;

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

/// Where a client comes from, in the sixteen bytes that a connection keeps of its peer's address.
class PeerIp {
 public:
  explicit PeerIp(const Address& peer) : bytes_(peer.ip_bytes()) {}

  /// As IPv6, IPv4 mapped into it; all zero for a unix path.
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  /// As Address::ip_text().
  [[nodiscard]] std::string text() const;

 private:
  std::array<std::uint8_t, 16> bytes_;
};

}  // namespace fairlead::io
