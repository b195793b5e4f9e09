#include "fleet/sentinels.hpp"

#include <array>
#include <utility>

#include "base/units.hpp"

namespace fairlead::fleet {
namespace {

using Answered = Result<Reply>;

constexpr StateFault no_sentinel{"no_sentinel", false};
constexpr StateFault unknown_master{"unknown_master", true, "no sentinel knows a master of that name"};
constexpr StateFault sentinel_refuses{"sentinel_refuses", true, "a sentinel wants another user or password"};
constexpr StateFault not_a_sentinel{"not_a_sentinel", true, "a server in the list of sentinels isn't one"};

std::string command(const std::vector<std::string_view>& words) {
  std::string bytes;
  append_command(bytes, words);
  return bytes;
}

std::string credentials_of(const StateUrl& url) {
  if (url.password.empty()) {
    return {};
  }
  return url.user.empty() ? command({"AUTH", url.password}) : command({"AUTH", url.user, url.password});
}

/// One command and its answer.
io::Task<Answered> exchange(io::Stream& stream, ReplyReader& reader, std::string_view bytes, io::TimePoint deadline) {
  const Result<std::size_t> written = co_await stream.write(bytes, deadline);
  if (!written) {
    co_return written.error();
  }
  std::array<char, 1024> received;
  while (true) {
    Result<std::optional<Reply>> reply = reader.next();
    if (!reply) {
      co_return reply.error();
    }
    if (reply->has_value()) {
      co_return std::move(**reply);
    }
    const Result<std::size_t> got = co_await stream.read(received, deadline);
    if (!got) {
      co_return got.error();
    }
    if (*got == 0) {
      co_return Error{.kind = ErrorKind::closed};
    }
    if (stream.loop().now() >= deadline) {  // reads that always find bytes never wait, so they never time out
      co_return Error{.kind = ErrorKind::timed_out};
    }
    if (const auto fed = reader.feed({received.data(), *got}); !fed) {
      co_return fed.error();
    }
  }
}

bool asks_who_we_are(ReplyView reply) {
  return reply.is_error() && (reply.text().starts_with("NOAUTH") || reply.text().starts_with("NOPERM"));
}

StateFault fault_of_refusal(std::string_view text) {
  if (text.starts_with("ERR unknown command")) {
    return not_a_sentinel;
  }
  return fault_of_reply(text).operator_must_act ? sentinel_refuses : no_sentinel;
}

Sentinels::Answer answer_in(ReplyView reply) {
  if (reply.is_error()) {
    return fault_of_refusal(reply.text());
  }
  if (!reply.is_array() || reply.size() != 2) {
    return reply.is_nil() ? unknown_master : not_a_sentinel;
  }
  const auto port = parse_whole(reply[1].text());
  if (reply[0].text().empty() || !port || *port == 0 || *port > 65'535) {
    return not_a_sentinel;
  }
  return HostPort{std::string(reply[0].text()), static_cast<std::uint16_t>(*port)};
}

}  // namespace

Sentinels::Sentinels(io::EventLoop& loop, io::Resolver& resolver, const StateUrl& url)
    : loop_(loop),
      resolver_(resolver),
      question_(command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", url.master})),
      credentials_(credentials_of(url)) {
  for (const HostPort& sentinel : url.sentinels) {
    RedisEndpoint endpoint;
    endpoint.url.kind = StateKind::redis;
    endpoint.url.host = sentinel.host;
    endpoint.url.port = sentinel.port;
    sentinels_.push_back(std::move(endpoint));
  }
}

/// Of several faults the one that an operator must see to.
io::Task<Sentinels::Answer> Sentinels::find_master() {
  StateFault fault = no_sentinel;
  const std::size_t first = first_;
  for (std::size_t i = 0; i < sentinels_.size() && !is_stopping_; ++i) {
    const std::size_t index = (first + i) % sentinels_.size();
    Answer answer = co_await ask(index);
    if (std::holds_alternative<HostPort>(answer)) {
      first_ = index;
      co_return answer;
    }
    const StateFault& heard = std::get<StateFault>(answer);
    fault = heard.operator_must_act ? heard : fault;
  }
  co_return fault;
}

io::Task<Sentinels::Answer> Sentinels::ask(std::size_t index) {
  const io::TimePoint deadline = loop_.now() + answer_max;
  Result<std::unique_ptr<io::Stream>> dialed = co_await dial_redis(loop_, resolver_, sentinels_[index], deadline);
  if (!dialed) {
    co_return no_sentinel;
  }
  asking_ = dialed->get();
  Answer answer = co_await ask_on(*asking_, deadline);
  asking_ = nullptr;
  co_return answer;
}

void Sentinels::stop() {
  is_stopping_ = true;
  if (asking_ != nullptr) {
    asking_->close();
  }
}

io::Task<Sentinels::Answer> Sentinels::ask_on(io::Stream& stream, io::TimePoint deadline) {
  ReplyReader reader;
  Answered answered = co_await exchange(stream, reader, question_, deadline);
  if (answered && asks_who_we_are(answered->view()) && !credentials_.empty()) {
    answered = co_await exchange(stream, reader, credentials_, deadline);
    if (answered && !answered->view().is_error()) {
      answered = co_await exchange(stream, reader, question_, deadline);
    }
  }
  if (!answered) {
    co_return no_sentinel;
  }
  co_return answer_in(answered->view());
}

}  // namespace fairlead::fleet
