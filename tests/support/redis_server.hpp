// A redis-server of a test's own: in its own folder under the system's temporary one, on a unix socket and, if asked, a
// loopback port; without persistence. Killed at the end, or by the kernel if the test dies first.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::test {

class RedisServer {
 public:
  /// Is redis-server on the PATH? Tests that need it report themselves skipped if not.
  static bool is_installed();

  explicit RedisServer(std::vector<std::string> options = {});
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer();

  /// Starts, and returns once it accepts connections. False: it didn't within 10 s.
  bool start();
  /// SIGKILL; the data is lost.
  void kill();
  void pause();
  void resume();

  [[nodiscard]] const std::string& socket_path() const { return socket_path_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  [[nodiscard]] bool answers() const;

  std::string folder_;
  std::string socket_path_;
  std::uint16_t port_ = 0;
  std::vector<std::string> options_;
  pid_t process_ = -1;
};

/// A blocking connection for a test's own looks and edits; replies as text.
class RedisConnection {
 public:
  explicit RedisConnection(const RedisServer& server);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection();

  struct Reply {
    bool is_error = false;
    bool is_nil = false;
    std::string text;  ///< of a string, status or error; an integer's digits
    std::vector<Reply> items;
  };
  Reply call(const std::vector<std::string>& command);
  /// The command's words, parted by blanks.
  Reply operator()(const std::string& command);

 private:
  void* context_;
};

}  // namespace fairlead::test
