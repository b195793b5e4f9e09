#include "fleet/membership.hpp"

#include <utility>

#include "fleet/random_id.hpp"
#include "io/milliseconds.hpp"

namespace fairlead::fleet {
namespace {

constexpr unsigned joins_max = 3;  ///< in a row on one connection
constexpr std::chrono::seconds join_again_pause{1};

/// An answer has an item a pool, and an error in its place is the pool's; what Redis refuses to all is the member's.
ReplyView refusal_or(ReplyView answer) {
  for (std::size_t i = 0; i < answer.size(); ++i) {
    if (answer[i].is_error() && concerns_all(fault_of_reply(answer[i].text()))) {
      return answer[i];
    }
  }
  return answer;
}

}  // namespace

void Membership::Gate::open() {
  if (!std::exchange(is_open, true) && node.parent) {
    io::ReadyQueue::of_this_thread().push(node);
  }
}

Membership::Membership(io::EventLoop& loop, io::Resolver& resolver, MemberSettings settings, StateMetrics metrics,
                       StateStatus& status)
    : loop_(loop),
      keys_(settings.key_prefix),
      settings_(std::move(settings)),
      metrics_(metrics),
      status_(status),
      client_(loop, resolver, settings_.redis, "fairlead-" + settings_.member, keys_.epoch(), metrics),
      instances_key_(keys_.instances()),
      ledger_key_(keys_.ledger(settings_.member)),
      epoch_key_(keys_.epoch()) {
  client_.on_up = [this] {
    joins_tried_ = 0;
    enter();
  };
  client_.on_down = [this](StateFault fault) { went_away(fault); };
  beat_timer_.context = this;
  beat_timer_.on_expiry = [](io::Timer& timer) { static_cast<Membership*>(timer.context)->beat(); };
  status_.workers.fetch_add(1, std::memory_order_relaxed);
  status_.readers.fetch_add(settings_.is_reader ? 1 : 0, std::memory_order_relaxed);
  metrics_.count_reaped(0, 0);  // shown from the start
}

Membership::~Membership() {
  if (state_ != State::stopped) {
    status_.workers.fetch_sub(1, std::memory_order_relaxed);
    status_.readers.fetch_sub(settings_.is_reader ? 1 : 0, std::memory_order_relaxed);
  }
}

void Membership::start() {
  client_.start();
}

io::Task<> Membership::stop() {
  if (is_live()) {
    status_.live.fetch_sub(1, std::memory_order_relaxed);
  }
  status_.workers.fetch_sub(1, std::memory_order_relaxed);  // who left lacks nothing
  status_.readers.fetch_sub(settings_.is_reader ? 1 : 0, std::memory_order_relaxed);
  state_ = State::stopped;
  beat_timer_.cancel();
  if (client_.is_up() && !settings_.is_reader) {
    begin_call(arguments_);
    client_.call(Script::leave, arguments_.words(), call_max, [this](ReplyView) { left_.open(); });
    co_await left_;
  }
  co_await client_.stop();
}

void Membership::begin_call(Arguments& out) const {
  begin_call_on(out, {instances_key_, ledger_key_});
}

/// A word costs Redis as much as a simple command in a script does: what a script doesn't need isn't sent.
void Membership::begin_call_on(Arguments& out, std::initializer_list<std::string_view> keys) const {
  out.clear();
  out.add_number(static_cast<std::int64_t>(keys.size()));
  for (const std::string_view key : keys) {
    out.add(key);
  }
  out.add_number(settings_.count_ttl.count());
  out.add(settings_.is_reader ? std::string_view() : std::string_view(settings_.member));
}

void Membership::call(Script script, const Arguments& arguments) {
  client_.call(script, arguments.words(), call_max, [this](ReplyView reply) { heard_answer(reply); });
}

void Membership::drop_as_slow(std::chrono::milliseconds quick) {
  join_max_ = quick;
  client_.drop({"timed_out", false});
}

void Membership::heard_answer(ReplyView answer) {
  const ReplyView reply = refusal_or(answer);
  if (!is_live()) {
    return;  // whoever called has been told that there is no answer
  }
  if (reply.is_error() && (reply.text().starts_with("FENCED") || reply.text().starts_with("NOSCRIPT"))) {
    join_again(fault_of_reply(reply.text()));  // nothing was applied
  } else if (reply.is_error()) {
    client_.refused(reply.text());
  } else {
    heard();
    on_answer(reply);
  }
}

void Membership::enter() {
  if (settings_.is_reader) {
    state_ = State::joining;
    entered();
  } else {
    join();
  }
}

void Membership::entered() {
  if (must_prove_write_) {
    try_write();
  } else {
    become_live();
  }
}

/// A Redis out of memory lets `reset` through, since that begins by taking something out; so only a write of the kind
/// that it refused tells that it takes them again.
void Membership::try_write() {
  client_.command("set", {"SET", epoch_key_, random_id(), "NX"}, call_max, [this](ReplyView reply) {
    if (reply.is_error()) {
      client_.drop(fault_of_reply(reply.text()));
    } else if (state_ == State::joining) {
      become_live();
    }
  });
}

void Membership::join() {
  ++joins_tried_;
  state_ = State::joining;
  begin_call_on(arguments_, {instances_key_, ledger_key_, epoch_key_});
  arguments_.add_number(settings_.lease.count());
  arguments_.add_kept(random_id());
  append_truth(arguments_);
  client_.call(Script::reset, arguments_.words(), join_max_, [this](ReplyView reply) { joined(reply); });
}

void Membership::joined(ReplyView reply) {
  if (state_ != State::joining) {
    return;
  }
  if (reply.is_error() && reply.text().starts_with("NOSCRIPT") && joins_tried_ < joins_max) {
    join();
    return;
  }
  if (reply.is_error() || reply.size() < 2) {
    client_.drop(reply.is_error() ? fault_of_reply(reply.text()) : StateFault{"malformed", false});
    return;
  }
  epoch_ = reply[0].text();
  status_.members.store(static_cast<std::uint32_t>(reply[1].integer()), std::memory_order_relaxed);
  note_reaped(reply, 2);
  join_max_ = call_max;
  joins_tried_ = 0;
  entered();
}

void Membership::become_live() {
  state_ = State::live;
  must_prove_write_ = false;
  loop_.timers().arm(beat_timer_, loop_.now() + settings_.beat);
  heard();
  on_live(status_.note_live());
}

/// The connection is well, but Redis doesn't know us any more.
void Membership::join_again(StateFault fault) {
  if (loop_.now() < may_join_again_) {
    client_.drop(fault);  // it forgets us again and again: the client's pauses grow
    return;
  }
  may_join_again_ = loop_.now() + join_again_pause;
  went_away(fault);
  enter();
}

void Membership::went_away(StateFault fault) {
  if (state_ == State::stopped) {
    left_.open();
    return;
  }
  must_prove_write_ = must_prove_write_ || concerns_all(fault);
  const bool is_news = status_.note_away(is_live(), fault);
  state_ = State::away;
  beat_timer_.cancel();
  on_away(fault, is_news);
}

/// A reader has no lease to renew; it looks whether the connection still stands.
void Membership::beat() {
  loop_.timers().arm(beat_timer_, loop_.now() + settings_.beat);
  if (settings_.is_reader) {
    client_.command("get", {"GET", epoch_key_}, call_max, [this](ReplyView reply) {
      if (reply.is_error()) {
        client_.refused(reply.text());
      } else if (is_live()) {
        heard();
      }
    });
    return;
  }
  begin_call_on(arguments_, {instances_key_, ledger_key_, epoch_key_});
  arguments_.add_number(settings_.lease.count());
  client_.call(Script::beat, arguments_.words(), call_max, [this](ReplyView reply) { heard_beat(reply); });
}

void Membership::heard_beat(ReplyView reply) {
  if (!is_live()) {
    return;
  }
  if (reply.is_error() && !reply.text().starts_with("NOSCRIPT")) {
    client_.drop(fault_of_reply(reply.text()));
    return;
  }
  heard();
  if (reply.size() < 3 || reply[0].integer() == 0 || reply[1].text() != epoch_) {
    join_again({reply.is_error() ? "NOSCRIPT" : "FENCED", false});
    return;
  }
  status_.members.store(static_cast<std::uint32_t>(reply[2].integer()), std::memory_order_relaxed);
  note_reaped(reply, 3);
}

/// `first` and the one after it: members taken out, requests taken back.
void Membership::note_reaped(ReplyView reply, std::size_t first) {
  if (reply.size() > first + 1) {
    metrics_.count_reaped(reply[first].integer(), reply[first + 1].integer());
  }
}

void Membership::heard() {
  status_.heard_at_ms.store(io::milliseconds_of(loop_.now()), std::memory_order_relaxed);
}

}  // namespace fairlead::fleet
