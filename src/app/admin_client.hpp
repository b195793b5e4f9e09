// Asks the admin listener of a running instance, for the commands `backend`, `status` and `top`. Blocks; a connection a
// request. One thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::app {

struct AdminReply {
  int status = 0;
  std::string body;
};

class AdminClient {
 public:
  static constexpr std::chrono::seconds patience{5};  ///< for each step: connect, write, a read
  static constexpr std::size_t reply_max = 16u << 20;

  /// `address` is HOST:PORT; an empty token isn't sent.
  AdminClient(std::string address, std::string token) : address_(std::move(address)), token_(std::move(token)) {}

  [[nodiscard]] const std::string& address() const { return address_; }
  /// What it answered; or one sentence that says why there is no answer. A body is sent as JSON.
  std::variant<AdminReply, std::string> ask(std::string_view method, std::string_view target,
                                            std::string_view body = {}) const;

 private:
  std::string address_;
  std::string token_;
};

}  // namespace fairlead::app
