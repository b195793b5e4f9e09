#include "fleet/resp.hpp"

#include <hiredis/hiredis.h>

#include <vector>

#include "base/check.hpp"

namespace fairlead::fleet {
namespace {

redisReplyObjectFunctions plain_functions() {
  redisReader* reader = redisReaderCreate();
  check(reader != nullptr, "there is memory for a reader");
  const redisReplyObjectFunctions functions = *reader->fn;
  redisReaderFree(reader);
  return functions;
}

/// hiredis allocates an array's items as soon as it has read their number, and each takes many times its bytes.
void* create_bounded_array(const redisReadTask* task, int items) {
  static const redisReplyObjectFunctions plain = plain_functions();
  int& items_left = *static_cast<int*>(task->privdata);
  if (items > items_left) {
    return nullptr;
  }
  items_left -= items;
  return plain.createArray(task, items);
}

}  // namespace

void append_command(std::string& out, std::span<const std::string_view> words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> lengths;
  starts.reserve(words.size());
  lengths.reserve(words.size());
  for (const std::string_view word : words) {
    starts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* text = nullptr;
  const auto length = redisFormatCommandArgv(&text, static_cast<int>(words.size()), starts.data(), lengths.data());
  check(length >= 0, "there is memory for a command");
  out.append(text, static_cast<std::size_t>(length));
  redisFreeCommand(text);
}

bool ReplyView::is_error() const {
  return reply_->type == REDIS_REPLY_ERROR;
}

bool ReplyView::is_nil() const {
  return reply_->type == REDIS_REPLY_NIL;
}

bool ReplyView::is_array() const {
  return reply_->type == REDIS_REPLY_ARRAY;
}

std::string_view ReplyView::text() const {
  return reply_->str == nullptr ? std::string_view()
                                : std::string_view(reply_->str, static_cast<std::size_t>(reply_->len));
}

ReplyView ReplyView::lost() {
  static char text[] = "LOST the connection broke";
  static const redisReply reply = [] {
    redisReply made{};
    made.type = REDIS_REPLY_ERROR;
    made.str = text;
    made.len = sizeof text - 1;
    return made;
  }();
  return ReplyView(&reply);
}

std::int64_t ReplyView::integer() const {
  return reply_->type == REDIS_REPLY_INTEGER ? reply_->integer : 0;
}

std::size_t ReplyView::size() const {
  return is_array() ? reply_->elements : 0;
}

ReplyView ReplyView::operator[](std::size_t index) const {
  check(index < size(), "an item of a reply exists");
  return ReplyView(reply_->element[index]);
}

void Reply::Free::operator()(redisReply* reply) const {
  freeReplyObject(reply);
}

ReplyReader::ReplyReader() : functions_(std::make_unique<redisReplyObjectFunctions>(plain_functions())) {
  functions_->createArray = create_bounded_array;
  restart();
}

ReplyReader::~ReplyReader() {
  redisReaderFree(reader_);
}

void ReplyReader::restart() {
  if (reader_ != nullptr) {
    redisReaderFree(reader_);
  }
  reader_ = redisReaderCreate();
  check(reader_ != nullptr, "there is memory for a reader");
  reader_->fn = functions_.get();
  reader_->privdata = &items_left_;
  items_left_ = items_max;
  bytes_pending_ = 0;
}

Result<void> ReplyReader::feed(std::string_view bytes) {
  bytes_pending_ += bytes.size();
  if (bytes_pending_ > bytes_max) {
    return Error{ErrorKind::too_large, Side::internal, 0, "a Redis reply is beyond its limit"};
  }
  if (redisReaderFeed(reader_, bytes.data(), bytes.size()) != REDIS_OK) {
    return Error{ErrorKind::malformed, Side::internal, 0, "not the Redis protocol"};
  }
  return {};
}

Result<std::optional<Reply>> ReplyReader::next() {
  void* reply = nullptr;
  if (redisReaderGetReply(reader_, &reply) != REDIS_OK) {
    return Error{ErrorKind::malformed, Side::internal, 0, "not the Redis protocol"};
  }
  if (reply == nullptr) {
    // A line is looked through from its start with each piece that comes; one that never ends would take ever longer.
    const std::string_view unread(reader_->buf + reader_->pos, reader_->len - reader_->pos);
    if (unread.size() > line_max && unread.substr(0, line_max).find('\n') == std::string_view::npos) {
      return Error{ErrorKind::too_large, Side::internal, 0, "a line of a Redis reply is beyond its limit"};
    }
    return std::optional<Reply>();
  }
  bytes_pending_ = reader_->len - reader_->pos;
  items_left_ = items_max;
  return std::optional<Reply>(Reply(static_cast<redisReply*>(reply)));
}

}  // namespace fairlead::fleet
