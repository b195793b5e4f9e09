#include "app/admin_client.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "core/http/body_framing.hpp"
#include "core/http/head_parser.hpp"

namespace fairlead::app {
namespace {

class Connection {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(descriptor_); }

  bool connect(const addrinfo& address) const {
    constexpr timeval patience{AdminClient::patience.count(), 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return ::connect(descriptor_, address.ai_addr, address.ai_addrlen) == 0;
  }
  [[nodiscard]] bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// All until the peer ends; nothing when it breaks or never stops.
  [[nodiscard]] std::optional<std::string> receive() const {
    std::string all;
    std::array<char, 16 * 1024> piece{};
    while (all.size() <= AdminClient::reply_max) {
      const ssize_t got = ::recv(descriptor_, piece.data(), piece.size(), 0);
      if (got == 0) {
        return all;
      }
      if (got < 0) {
        break;
      }
      all.append(piece.data(), static_cast<std::size_t>(got));
    }
    return std::nullopt;
  }

 private:
  int descriptor_;
};

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// `[::1]:8000` and `localhost:8000` alike.
Addresses resolve(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return {nullptr, &::freeaddrinfo};
  }
  std::string host(address.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port(address.substr(colon + 1));
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    found = nullptr;  // POSIX doesn't say what a failed call leaves there
  }
  return {found, &::freeaddrinfo};
}

std::optional<AdminReply> parse_reply(std::string_view bytes) {
  http::HeadLimits limits;
  http::ResponseHead head;
  http::ResponseHeadParser parser(limits, head);
  if (parser.parse(bytes) != http::ParseStatus::complete) {
    return std::nullopt;
  }
  const Result<http::BodyFraming> framing = http::response_framing(head, http::Method::get);
  if (!framing) {
    return std::nullopt;
  }
  AdminReply reply{head.status, {}};
  std::string_view rest = bytes.substr(head.size);
  http::BodyDecoder decoder(*framing);
  while (!decoder.finished() && !rest.empty()) {
    const Result<http::BodyDecoder::Step> step = decoder.next(rest);
    if (!step) {
      return std::nullopt;
    }
    reply.body += step->data;
    rest.remove_prefix(step->consumed);
  }
  return decoder.finished() || decoder.end_of_stream() ? std::optional(std::move(reply)) : std::nullopt;
}

}  // namespace

std::variant<AdminReply, std::string> AdminClient::ask(std::string_view method, std::string_view target,
                                                       std::string_view body) const {
  const Addresses addresses = resolve(address_);
  if (addresses == nullptr) {
    return "--admin " + address_ + " can't be resolved; use HOST:PORT";
  }
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(address_).append("\r\nConnection: close\r\n");
  if (!token_.empty()) {
    request.append("Authorization: Bearer ").append(token_).append("\r\n");
  }
  if (!body.empty()) {
    request.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
    request.append("\r\n");
  }
  request.append("\r\n").append(body);
  int failure = 0;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const Connection connection(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connection.connect(*address)) {
      failure = errno;
      continue;
    }
    const std::optional<std::string> received = connection.send(request) ? connection.receive() : std::nullopt;
    const std::optional<AdminReply> reply = received ? parse_reply(*received) : std::nullopt;
    if (!reply) {
      return "what listens on " + address_ + " doesn't answer like fairlead's admin listener";
    }
    return *reply;
  }
  return "no fairlead answers on " + address_ + " (" + std::strerror(failure) +
         "); start one, or say where its admin listener is with --admin HOST:PORT";
}

}  // namespace fairlead::app
