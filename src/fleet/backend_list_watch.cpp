#include "fleet/backend_list_watch.hpp"

#include <algorithm>
#include <charconv>

#include "core/balance/backend_set.hpp"
#include "core/balance/list_change.hpp"
#include "fleet/arguments.hpp"
#include "fleet/random_id.hpp"

namespace fairlead::fleet {
namespace {

using Marks = std::map<std::string_view, std::int64_t>;

/// A hash of URL -> number; what is no number above 0 is left out.
Marks marks_of(ReplyView reply) {
  Marks marks;
  for (std::size_t i = 0; i + 1 < reply.size(); i += 2) {
    const std::string_view text = reply[i + 1].text();
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && number > 0) {
      marks.emplace(reply[i].text(), number);
    }
  }
  return marks;
}

Error unavailable(std::string_view detail) {
  return Error{.kind = ErrorKind::unavailable, .detail = detail};
}

}  // namespace

BackendListWatch::BackendListWatch(io::EventLoop& loop, io::Resolver& resolver, RedisEndpoint redis,
                                   std::string key_prefix, const std::string& instance, StateMetrics metrics,
                                   const Log& log)
    : loop_(loop),
      keys_(std::move(key_prefix)),
      log_(log),
      client_(loop, resolver, std::move(redis), "fairlead-" + instance + ".watch", keys_.epoch(), metrics) {
  client_.on_up = [this] { poll(); };
  client_.on_down = [this](StateFault) {
    timer_.cancel();
    is_polling_ = false;
    registrations_.lost();
    end_edits(true);
  };
  timer_.context = this;
  timer_.on_expiry = [](io::Timer& timer) { static_cast<BackendListWatch*>(timer.context)->look(); };
}

void BackendListWatch::watch(std::vector<Pool> pools) {
  registrations_.reconfigure(pools_, pools);
  tell_leftovers(pools);
  std::erase_if(published_, [&pools](const auto& entry) {
    return std::ranges::find(pools, entry.first, &Pool::name) == pools.end();
  });
  pools_ = std::move(pools);
  digests_.clear();
}

/// What leaves the file stays in Redis, where an operator may have wanted it; that it serves on is said.
void BackendListWatch::tell_leftovers(const std::vector<Pool>& next) const {
  for (const Pool& before : pools_) {
    const auto after = std::ranges::find(next, before.name, &Pool::name);
    const auto listed = published_.find(before.name);
    if (after == next.end() || listed == published_.end()) {
      continue;
    }
    balance::ListChange left{.removed = balance::change_between(before.configured, after->configured).removed};
    std::erase_if(left.removed, [&](const std::string& url) {
      return std::ranges::find(listed->second, url, &balance::ListedBackend::url) == listed->second.end();
    });
    if (!left.removed.empty()) {
      log_.info("backends that left the configuration serve on, since the list in redis has them",
                {{"pool", before.name},
                 {"change", balance::shown(left)},
                 {"hint", "fairlead backend remove URL takes one out"}});
    }
  }
}

void BackendListWatch::start() {
  client_.start();
}

io::Task<> BackendListWatch::stop() {
  timer_.cancel();
  end_edits(true);
  return client_.stop();
}

void BackendListWatch::look() {
  if (!client_.is_up()) {
    return;
  }
  if (digests_.empty() || registrations_.is_due(loop_.now())) {
    poll();
    return;
  }
  is_polling_ = true;
  Arguments arguments;
  arguments.add("MGET");
  arguments.add_kept(keys_.epoch());
  for (const Pool& pool : pools_) {
    arguments.add_kept(keys_.digest(pool.name));
  }
  client_.command("mget", arguments.words(), call_max, [this](ReplyView reply) { saw_kept(reply); });
}

/// What another instance had made stands for all; a plain read costs Redis a fraction of a script.
void BackendListWatch::saw_kept(ReplyView reply) {
  bool is_complete = reply.size() > 0;
  for (std::size_t i = 0; i < reply.size(); ++i) {
    is_complete = is_complete && !reply[i].is_nil();
  }
  if (is_complete) {
    saw_digests(reply);
  } else {
    ask_digests(false, [this](ReplyView made) { saw_digests(made); });
  }
}

/// `anew`: as of now, not of a moment ago.
void BackendListWatch::ask_digests(bool anew, std::function<void(ReplyView)> answer) {
  Arguments arguments;
  arguments.add_number(static_cast<std::int64_t>(1 + 4 * pools_.size()));
  arguments.add_kept(keys_.epoch());
  for (const Pool& pool : pools_) {
    arguments.add_kept(keys_.digest(pool.name));
    arguments.add_kept(keys_.backend_servers(pool.name));
    arguments.add_kept(keys_.weights(pool.name));
    arguments.add_kept(keys_.draining(pool.name));
  }
  arguments.add_number(digest_stands_for.count());
  arguments.add(anew ? "1" : "0");
  client_.call(Script::digest, arguments.words(), call_max, std::move(answer));
}

void BackendListWatch::saw_digests(ReplyView reply) {
  is_polling_ = false;
  bool is_same = edits_.empty() && !epoch_.empty() && reply.size() == digests_.size() + 1 && reply[0].text() == epoch_;
  for (std::size_t i = 0; is_same && i < digests_.size(); ++i) {
    is_same = reply[i + 1].text() == digests_[i];
  }
  if (is_same) {
    loop_.timers().arm(timer_, loop_.now() + interval);
  } else {
    poll();
  }
}

/// Lists first, the epoch last: an epoch that still stands vouches for what was read before it. Digests before both, as
/// of now: a change that comes between is seen by the next look.
void BackendListWatch::poll() {
  if (!client_.is_up()) {
    return;
  }
  is_polling_ = true;
  const std::uint64_t poll = ++polls_;
  // By a poll that began before this one was answered.
  const auto is_overtaken = [this, poll] { return poll != polls_; };
  seen_.clear();
  client_.cork();
  ask_digests(true, [this](ReplyView reply) {
    digests_.clear();
    for (std::size_t i = 1; i < reply.size(); ++i) {
      digests_.emplace_back(reply[i].text());
    }
  });
  for (const Pool& pool : pools_) {
    client_.command("lrange", {"LRANGE", keys_.backend_servers(pool.name), "0", "-1"}, call_max,
                    [this, is_overtaken, name = pool.name](ReplyView reply) {
                      if (!is_overtaken()) {
                        seen_.push_back({.pool = name, .list = {}});
                        saw_list(reply);
                      }
                    });
    client_.command("hgetall", {"HGETALL", keys_.weights(pool.name)}, call_max, [this, is_overtaken](ReplyView reply) {
      if (!is_overtaken()) {
        saw_weights(reply);
      }
    });
    client_.command("hgetall", {"HGETALL", keys_.draining(pool.name)}, call_max, [this, is_overtaken](ReplyView reply) {
      if (!is_overtaken()) {
        saw_draining(reply);
      }
    });
  }
  client_.command("get", {"GET", keys_.epoch()}, call_max, [this, is_overtaken](ReplyView reply) {
    if (!is_overtaken()) {
      is_polling_ = false;
      saw_epoch(reply);
    }
  });
  client_.uncork();
}

void BackendListWatch::poll_at_once() {
  if (is_polling_) {
    return;  // its end looks for edits that it didn't show
  }
  timer_.cancel();
  poll();
}

void BackendListWatch::saw_list(ReplyView reply) {
  Seen& seen = seen_.back();
  if (reply.is_error()) {
    note_refusal(seen.pool, keys_.backend_servers(seen.pool), reply);
    return;
  }
  seen.list.reserve(reply.size());
  for (std::size_t i = 0; i < std::min(reply.size(), listed_max); ++i) {
    seen.list.push_back({.url = std::string(reply[i].text())});
  }
  note_length(seen.pool, reply.size());
}

void BackendListWatch::note_length(const std::string& pool, std::size_t length) {
  if (length <= listed_max) {
    if (too_long_.erase(pool) > 0) {
      log_.info("a pool's list isn't too long any more", {{"pool", pool}, {"listed", length}});
    }
  } else if (too_long_.insert(pool).second) {
    log_.error("a pool's list is too long, only its first backends serve",
               {{"pool", pool}, {"listed", length}, {"max", listed_max}});
  }
}

void BackendListWatch::saw_weights(ReplyView reply) {
  Seen& seen = seen_.back();
  if (reply.is_error()) {
    note_refusal(seen.pool, keys_.weights(seen.pool), reply);
    return;
  }
  const Marks weights = marks_of(reply);
  for (balance::ListedBackend& backend : seen.list) {
    if (const auto found = weights.find(backend.url); found != weights.end()) {
      backend.weight = static_cast<std::uint32_t>(std::min<std::int64_t>(found->second, balance::weight_max));
    }
  }
}

void BackendListWatch::saw_draining(ReplyView reply) {
  Seen& seen = seen_.back();
  if (reply.is_error()) {
    note_refusal(seen.pool, keys_.draining(seen.pool), reply);
    return;
  }
  if (!seen.is_refused && refused_.erase(seen.pool) > 0) {
    log_.info("redis serves a pool's list again", {{"pool", seen.pool}});
  }
  Marks draining = marks_of(reply);
  std::set<std::string_view> unlisted;
  for (const auto& [url, since] : draining) {
    unlisted.insert(url);
  }
  for (balance::ListedBackend& backend : seen.list) {
    if (const auto found = draining.find(backend.url); found != draining.end()) {
      backend.draining_since_ms = found->second;
      unlisted.erase(found->first);
    }
  }
  seen.is_stale = !unlisted.empty() && !seen.is_refused;
}

/// The last list stays while any of the pool's keys is of another type.
void BackendListWatch::note_refusal(const std::string& pool, const std::string& key, ReplyView reply) {
  seen_.back().is_refused = true;
  if (refused_.insert(pool).second) {
    const StateFault fault = fault_of_reply(reply.text());
    log_.error("redis refuses a pool's list, the last one stays",
               {{"pool", pool}, {"key", key}, {"reason", fault.reason}, {"hint", hint_of(fault)}});
  }
}

void BackendListWatch::saw_epoch(ReplyView reply) {
  if (reply.is_error()) {
    client_.drop(fault_of_reply(reply.text()));
  } else if (reply.is_nil()) {
    set_epoch();
  } else if (epoch_ != reply.text()) {
    if (!epoch_.empty()) {
      registrations_.restart(pools_);  // at the first epoch all that is wanted is due already
    }
    epoch_ = reply.text();
    register_due();
  } else if (registrations_.is_due(loop_.now())) {
    register_due();
  } else {
    polls_in_a_row_ = 0;
    publish_all();
  }
}

void BackendListWatch::publish_all() {
  for (Seen& seen : std::exchange(seen_, {})) {
    publish(seen);
  }
  end_edits(false);
  if (!edits_.empty() && client_.is_up()) {
    poll();
  } else {
    loop_.timers().arm(timer_, loop_.now() + interval);
  }
}

void BackendListWatch::set_epoch() {
  client_.command("set", {"SET", keys_.epoch(), random_id(), "NX"}, call_max, [this, poll = polls_](ReplyView reply) {
    if (!reply.is_error()) {
      poll_again();
      return;
    }
    for (const Pool& pool : registrations_.take(loop_.now())) {
      not_registered(pool, fault_of_reply(reply.text()));
    }
    if (poll == polls_) {  // else a newer one is under way and comes to this too
      publish_without_epoch();
    }
  });
}

/// A list that has entries was lost by nobody; an empty one may have been, and takes no backend away.
void BackendListWatch::publish_without_epoch() {
  polls_in_a_row_ = 0;
  std::erase_if(seen_, [](const Seen& seen) { return seen.list.empty(); });
  publish_all();
}

/// At once, but not for ever, whatever becomes of the epoch and the registrations meanwhile.
void BackendListWatch::poll_again() {
  if (++polls_in_a_row_ < polls_in_a_row_max) {
    poll();
  } else {
    polls_in_a_row_ = 0;
    loop_.timers().arm(timer_, loop_.now() + interval);
  }
}

Arguments BackendListWatch::keys_of(const std::string& pool) const {
  Arguments arguments;
  arguments.add("4");
  arguments.add_kept(keys_.backend_servers(pool));
  arguments.add_kept(keys_.weights(pool));
  arguments.add_kept(keys_.draining(pool));
  arguments.add_kept(keys_.configured(pool));
  return arguments;
}

void BackendListWatch::register_due() {
  client_.cork();
  for (const Pool& pool : registrations_.take(loop_.now())) {
    Arguments arguments = keys_of(pool.name);
    for (const balance::ListedBackend& backend : pool.configured) {
      arguments.add(backend.url);
      arguments.add_number(backend.weight);
    }
    client_.call(Script::register_backends, arguments.words(), call_max,
                 [this, pool](ReplyView reply) { register_answered(pool, reply); });
  }
  client_.uncork();
  poll_again();
}

void BackendListWatch::register_answered(const Pool& pool, ReplyView reply) {
  if (reply.is_error() && reply.text().starts_with("NOSCRIPT")) {
    registrations_.put_back(pool);
  } else if (reply.is_error()) {
    not_registered(pool, fault_of_reply(reply.text()));
  } else if (registrations_.done(pool)) {
    log_.info("redis registers a pool's backends again", {{"pool", pool.name}, {"added", reply.integer()}});
  } else if (reply.integer() > 0) {
    log_.info("backends registered", {{"pool", pool.name}, {"added", reply.integer()}});
  }
}

void BackendListWatch::not_registered(const Pool& pool, const StateFault& fault) {
  if (registrations_.refused(pool, fault.reason, loop_.now())) {
    log_.error("redis refuses to register backends, the configured ones serve meanwhile",
               {{"pool", pool.name}, {"reason", fault.reason}, {"hint", hint_of(fault)}});
  }
}

void BackendListWatch::publish(Seen& seen) {
  if (seen.is_refused || std::ranges::find(pools_, seen.pool, &Pool::name) == pools_.end()) {
    return;
  }
  if (seen.is_stale) {
    forget_unlisted(seen.pool);
    digests_.clear();  // to be seen done
  }
  std::erase_if(seen.list, [this, &seen](const auto& backend) { return !is_backend(seen.pool, backend.url); });
  registrations_.complete(seen.pool, seen.list);
  const auto before = published_.find(seen.pool);
  if (before == published_.end() || before->second != seen.list) {
    show_counts(seen.pool, before == published_.end() ? List() : before->second, seen.list);
    published_.insert_or_assign(seen.pool, seen.list);
    on_listed(seen.pool, std::move(seen.list));
  }
}

/// Who reads the count of a backend that no request went to yet finds 0, not nothing.
void BackendListWatch::show_counts(const std::string& pool, const List& before, const List& list) {
  std::set<std::string_view> known;
  for (const balance::ListedBackend& backend : before) {
    known.insert(backend.url);
  }
  client_.cork();
  for (const balance::ListedBackend& backend : list) {
    if (known.insert(backend.url).second) {
      const std::string key = keys_.conn_count(pool, backend.url);
      client_.command("set", {"SET", key, "0", "NX"}, call_max, [](ReplyView) {});
    }
  }
  client_.uncork();
}

void BackendListWatch::forget_unlisted(const std::string& pool) {
  client_.call(Script::forget, keys_of(pool).words(), call_max, [](ReplyView) {});
}

void BackendListWatch::edit(const std::string& pool, const balance::BackendEdit& edit, EditDone done) {
  if (!client_.is_up()) {
    done(unavailable("Redis can't be reached; nothing was changed"));
    return;
  }
  call_edit(pool, edit, std::move(done), true);
}

void BackendListWatch::call_edit(const std::string& pool, const balance::BackendEdit& edit, EditDone done,
                                 bool is_first_try) {
  using Kind = balance::BackendEdit::Kind;
  Arguments arguments = keys_of(pool);
  arguments.add(edit.kind == Kind::add ? "add" : edit.kind == Kind::remove ? "remove" : "drain");
  arguments.add(edit.url);
  arguments.add_kept(edit.weight ? std::to_string(*edit.weight) : std::string());
  client_.call(
      Script::edit, arguments.words(), call_max,
      [this, pool, edit, done = std::move(done), is_first_try](ReplyView reply) mutable {
        if (is_first_try && reply.is_error() && reply.text().starts_with("NOSCRIPT")) {
          call_edit(pool, edit, std::move(done), false);
        } else {
          if (edit.kind == Kind::remove && reply.text() == "changed") {
            registrations_.removed(pool, edit.url);  // or the next poll shows it again
          }
          edit_answered(done, reply);
        }
      },
      RedisClient::WhenLost::told);
}

void BackendListWatch::edit_answered(const EditDone& done, ReplyView reply) {
  using balance::EditOutcome;
  const std::string_view word = reply.text();
  if (reply.is_error() && word.starts_with("LOST")) {
    done(unavailable("the connection to Redis broke; look whether the change took effect"));
  } else if (reply.is_error()) {
    const StateFault fault = fault_of_reply(word);
    log_.error("redis refuses an edit", {{"reason", fault.reason}, {"hint", hint_of(fault)}});
    done(unavailable("Redis refuses the change; its reason is in the log"));
  } else {
    const EditOutcome outcome = word == "added"     ? EditOutcome::added
                                : word == "changed" ? EditOutcome::changed
                                : word == "unknown" ? EditOutcome::unknown_backend
                                                    : EditOutcome::unchanged;
    edits_.push_back({done, outcome, polls_ + 1});
    poll_at_once();
  }
}

/// Those that a poll has shown; all of them when the connection is lost: they took effect.
void BackendListWatch::end_edits(bool is_lost) {
  std::vector<Edit> all = std::exchange(edits_, {});
  for (Edit& edit : all) {
    if (is_lost || edit.shown_by <= polls_) {
      edit.done(edit.outcome);
    } else {
      edits_.push_back(std::move(edit));
    }
  }
}

/// Says once what is wrong with an entry; its text is a user's, so it may be shown, but not at any length.
bool BackendListWatch::is_backend(const std::string& pool, const std::string& url) {
  constexpr std::size_t shown_max = 120;
  const Result<balance::BackendAddress> address = balance::parse_backend_url(url);
  if (!address && invalid_.size() < invalid_max && invalid_.insert(pool + " " + url.substr(0, shown_max)).second) {
    const bool may_hold_secret = url.find('@') != std::string::npos;
    log_.warn("entry of a backend list is no backend, passed over",
              {{"pool", pool},
               {"entry", may_hold_secret ? "(with user information)" : url.substr(0, shown_max)},
               {"fault", address.error().detail}});
  }
  return address.has_value();
}

}  // namespace fairlead::fleet
