// Redis' protocol (RESP2): commands out, replies in, by hiredis' formatter and reader, with limits on what a server may
// make us hold. Used by redis_client. Pure; one thread. A ReplyView is valid as long as the Reply that it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct redisReader;
struct redisReply;
struct redisReplyObjectFunctions;

namespace fairlead::fleet {

/// Appends a command as it goes on the wire.
void append_command(std::string& out, std::span<const std::string_view> words);

class ReplyView {
 public:
  explicit ReplyView(const redisReply* reply) : reply_(reply) {}
  /// An error that stands for an answer that doesn't come.
  static ReplyView lost();

  [[nodiscard]] bool is_error() const;
  [[nodiscard]] bool is_nil() const;
  [[nodiscard]] bool is_array() const;
  /// Of a string, a status or an error; else empty.
  [[nodiscard]] std::string_view text() const;
  /// Of an integer; else 0.
  [[nodiscard]] std::int64_t integer() const;
  /// Items of an array; else 0.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] ReplyView operator[](std::size_t index) const;

 private:
  const redisReply* reply_;
};

class Reply {
 public:
  /// Takes over what hiredis made.
  explicit Reply(redisReply* reply) : reply_(reply) {}
  [[nodiscard]] ReplyView view() const { return ReplyView(reply_.get()); }

 private:
  struct Free {
    void operator()(redisReply* reply) const;
  };
  std::unique_ptr<redisReply, Free> reply_;
};

/// Cuts a stream of bytes into replies.
class ReplyReader {
 public:
  static constexpr int items_max = 65'536;             ///< of one reply's arrays together
  static constexpr std::size_t bytes_max = 16u << 20;  ///< of one whole reply
  static constexpr std::size_t line_max = 64u << 10;   ///< of a line that hasn't ended

  ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;
  ~ReplyReader();

  /// What came in. Errors: malformed, too_large; nothing may follow then.
  Result<void> feed(std::string_view bytes);
  /// The next whole reply; nothing: more bytes are needed. Errors as above.
  Result<std::optional<Reply>> next();
  /// Forgets everything: another connection begins.
  void restart();

 private:
  std::unique_ptr<redisReplyObjectFunctions> functions_;
  redisReader* reader_ = nullptr;
  int items_left_ = items_max;     ///< of the reply under way
  std::size_t bytes_pending_ = 0;  ///< fed since the last whole reply
};

}  // namespace fairlead::fleet
