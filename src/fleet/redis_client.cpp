#include "fleet/redis_client.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::fleet {
namespace {

constexpr std::chrono::hours for_ever{1};

}  // namespace

RedisClient::RedisClient(io::EventLoop& loop, io::Resolver& resolver, RedisEndpoint endpoint, std::string name,
                         std::string own_key, StateMetrics metrics)
    : loop_(loop),
      url_(endpoint.url),
      route_(loop, resolver, std::move(endpoint)),
      name_(std::move(name)),
      own_key_(std::move(own_key)),
      database_(std::to_string(url_.database)),
      metrics_(metrics),
      random_(std::random_device{}()) {
  deadline_timer_.context = this;
  deadline_timer_.on_expiry = [](io::Timer& timer) {
    static_cast<RedisClient*>(timer.context)->drop({"timed_out", false});
  };
  connect_timer_.context = this;
  connect_timer_.on_expiry = [](io::Timer& timer) {
    auto& client = *static_cast<RedisClient*>(timer.context);
    client.sessions_.spawn(client.session());
  };
  look_timer_.context = this;
  look_timer_.on_expiry = [](io::Timer& timer) {
    auto& client = *static_cast<RedisClient*>(timer.context);
    client.looks_.spawn(client.look_for_master());
  };
}

RedisClient::~RedisClient() {
  check(sessions_.running() == 0, "a Redis client is stopped before it ends");
}

void RedisClient::start() {
  loop_.timers().arm(connect_timer_, loop_.now());
}

io::Task<> RedisClient::stop() {
  is_stopping_ = true;
  connect_timer_.cancel();
  look_timer_.cancel();
  route_.stop();
  drop({"cancelled", false});
  co_await looks_.join();
  co_await sessions_.join();
}

io::Task<> RedisClient::session() {
  is_dropped_ = false;
  is_redirected_ = false;
  RedisRoute::Dialed dialed = co_await route_.dial();
  if (const StateFault* fault = std::get_if<StateFault>(&dialed)) {
    drop(*fault);
  } else if (!is_stopping_) {
    stream_ = std::get<std::unique_ptr<io::Stream>>(std::move(dialed));
    reader_.restart();
    greet();
    co_await read_replies();
    co_await writers_.join();
    stream_.reset();
  }
  connect_later();
}

io::Task<> RedisClient::read_replies() {
  while (!is_dropped_) {
    const Result<std::size_t> got = co_await stream_->read(received_, loop_.now() + for_ever);
    if (is_dropped_) {
      break;
    }
    if (!got && got.error().kind == ErrorKind::timed_out && pending_.empty()) {
      continue;  // nobody asked anything
    }
    if (!got) {
      drop(fault_of(got.error()));
    } else if (*got == 0) {
      drop({"closed", false});
    } else if (!take_replies({received_.data(), *got})) {
      drop({"malformed", false});
    }
  }
}

/// False: not the protocol.
bool RedisClient::take_replies(std::string_view bytes) {
  if (!reader_.feed(bytes)) {
    return false;
  }
  while (!is_dropped_) {
    Result<std::optional<Reply>> reply = reader_.next();
    if (!reply || (reply->has_value() && pending_.empty())) {
      return false;
    }
    if (!reply->has_value()) {
      break;
    }
    take_reply((*reply)->view());
  }
  return true;
}

void RedisClient::take_reply(ReplyView reply) {
  Pending pending = std::move(pending_.front());
  pending_.pop_front();
  watch_deadlines();
  metrics_.count_answer(pending.operation, reply.is_error(), loop_.exact_now() - pending.sent);
  if (reply.is_error() && route_.leads_away(reply.text())) {
    if (pending.when_lost == WhenLost::told) {
      pending.answer(reply);
    }
    turn_away(reply.text());
    return;
  }
  if (is_up_ && reply.is_error() && reply.text().starts_with("NOSCRIPT")) {
    load_scripts();
    flush();
    if (is_dropped_) {
      return;
    }
  }
  pending.answer(reply);
}

void RedisClient::refused(std::string_view error) {
  if (route_.leads_away(error)) {
    turn_away(error);
  } else {
    drop(fault_of_reply(error));
  }
}

/// While it greets, nobody needs to hear that another node is meant.
void RedisClient::turn_away(std::string_view error) {
  const bool names_another = route_.follow(error);
  if (is_dropped_) {
    return;
  }
  if (names_another && !is_up_ && redirects_ < redirects_max) {
    ++redirects_;
    is_redirected_ = true;
    hang_up();
    return;
  }
  drop({fault_of_reply(error).reason, false});
}

io::Task<> RedisClient::write_out() {
  is_writing_ = true;
  while (!output_.empty() && !is_dropped_) {
    writing_.clear();
    std::swap(writing_, output_);
    const Result<std::size_t> written = co_await stream_->write(writing_, loop_.now() + handshake_max);
    if (!written && !is_dropped_) {
      drop(fault_of(written.error()));
    }
  }
  is_writing_ = false;
}

/// Any answer that refuses us ends the session; the last one makes us ready.
void RedisClient::greet() {
  append_credentials();
  if (url_.database != 0) {
    append("select", {"SELECT", database_}, handshake_max, [this](ReplyView reply) { must_succeed(reply); });
  }
  append("setname", {"CLIENT", "SETNAME", name_}, handshake_max, [](ReplyView) {});
  if (route_.needs_master()) {
    append("role", {"ROLE"}, handshake_max, [this](ReplyView reply) {
      if (must_succeed(reply) && (reply.size() == 0 || reply[0].text() != "master")) {
        drop({"not_a_master", false});
      }
    });
  }
  load_scripts();
  append("locate", {"GET", own_key_}, handshake_max, [this](ReplyView reply) {
    if (must_succeed(reply)) {
      came_up();
    }
  });
  flush();
}

void RedisClient::append_credentials() {
  const auto heard = [this](ReplyView reply) { must_succeed(reply); };
  if (!url_.password.empty() && url_.user.empty()) {
    append("auth", {"AUTH", url_.password}, handshake_max, heard);
  } else if (!url_.password.empty()) {
    append("auth", {"AUTH", url_.user, url_.password}, handshake_max, heard);
  }
}

void RedisClient::load_scripts() {
  for (std::size_t i = 0; i < script_count; ++i) {
    append("load", {"SCRIPT", "LOAD", text_of(static_cast<Script>(i))}, handshake_max, [this, i](ReplyView reply) {
      if (must_succeed(reply)) {
        digests_[i] = reply.text();
      }
    });
  }
}

/// False: it didn't, and the session has ended.
bool RedisClient::must_succeed(ReplyView reply) {
  if (reply.is_error()) {
    drop(fault_of_reply(reply.text()));
  }
  return !reply.is_error();
}

void RedisClient::came_up() {
  is_up_ = true;
  up_since_ = loop_.now();
  redirects_ = 0;
  if (route_.needs_master()) {
    loop_.timers().arm(look_timer_, loop_.now() + look_interval);
  }
  if (was_up_) {
    metrics_.count_reconnect();
  }
  was_up_ = true;
  on_up();
}

/// A master that was replaced may stand, and take writes that will be lost, until a sentinel tells it.
io::Task<> RedisClient::look_for_master() {
  const io::TimePoint session = up_since_;
  const bool has_moved = co_await route_.has_moved();
  if (!is_up_ || up_since_ != session) {
    co_return;  // it was asked for a connection that is gone
  }
  if (has_moved) {
    drop({"failover", false});
  } else {
    loop_.timers().arm(look_timer_, loop_.now() + look_interval);
  }
}

void RedisClient::drop(StateFault fault) {
  if (is_dropped_) {
    return;
  }
  if (!is_up_) {
    route_.failed();
  }
  failures_ = is_up_ && loop_.now() - up_since_ >= stable_after ? 0 : failures_ + 1;
  redirects_ = 0;
  hang_up();
  if (!is_stopping_) {
    on_down(fault);
  }
}

void RedisClient::hang_up() {
  is_dropped_ = true;
  is_up_ = false;
  deadline_timer_.cancel();
  look_timer_.cancel();
  for (const Pending& pending : pending_) {
    metrics_.count_lost(pending.operation);
  }
  const std::deque<Pending> lost = std::exchange(pending_, {});
  output_.clear();
  if (stream_ != nullptr) {
    stream_->close();
  }
  for (const Pending& pending : lost) {
    if (pending.when_lost == WhenLost::told) {
      pending.answer(ReplyView::lost());
    }
  }
}

void RedisClient::connect_later() {
  if (!is_stopping_) {
    loop_.timers().arm(connect_timer_, loop_.now() + (is_redirected_ ? Milliseconds(0) : next_backoff()));
  }
}

/// Doubles with each failure in a row; half of it is drawn, so that a fleet doesn't come back in step.
RedisClient::Milliseconds RedisClient::next_backoff() {
  const unsigned doublings = std::min(failures_ == 0 ? 0U : failures_ - 1, 10U);
  const auto longest = std::min<std::int64_t>(backoff_max.count(), backoff_min.count() << doublings);
  return Milliseconds(std::uniform_int_distribution<std::int64_t>(longest / 2, longest)(random_));
}

void RedisClient::call(Script script, const Words& words, Milliseconds timeout, Answer answer, WhenLost when_lost) {
  Words all{"EVALSHA", digests_[static_cast<std::size_t>(script)]};
  all.insert(all.end(), words.begin(), words.end());
  command(name_of(script), all, timeout, std::move(answer), when_lost);
}

void RedisClient::command(std::string_view operation, const Words& words, Milliseconds timeout, Answer answer,
                          WhenLost when_lost) {
  check(is_up_, "commands go to a connection that is up");
  append(operation, words, timeout, std::move(answer), when_lost);
  flush();
}

void RedisClient::append(std::string_view operation, const Words& words, Milliseconds timeout, Answer answer,
                         WhenLost when_lost) {
  append_command(output_, words);
  pending_.push_back({operation, std::move(answer), loop_.now() + timeout, loop_.exact_now(), when_lost});
  watch_deadlines();
}

void RedisClient::flush() {
  if (!is_writing_ && !is_corked_) {
    writers_.spawn(write_out());
  }
}

void RedisClient::uncork() {
  is_corked_ = false;
  flush();
}

void RedisClient::watch_deadlines() {
  if (pending_.empty()) {
    deadline_timer_.cancel();
    return;
  }
  const auto first = std::min_element(pending_.begin(), pending_.end(), [](const Pending& left, const Pending& right) {
    return left.deadline < right.deadline;
  });
  loop_.timers().arm(deadline_timer_, first->deadline);
}

}  // namespace fairlead::fleet
