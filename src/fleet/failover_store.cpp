#include "fleet/failover_store.hpp"

#include "io/milliseconds.hpp"

namespace fairlead::fleet {

FailoverStore::FailoverStore(io::EventLoop& loop, io::Resolver& resolver, RedisStoreSettings settings,
                             StateMetrics metrics, StateStatus& status, const Log& log)
    : log_(log),
      shown_url_(redacted(settings.member.redis.url)),
      memory_([&loop] { return io::milliseconds_of(loop.now()); }),
      redis_(loop, resolver, std::move(settings), metrics, status, log) {
  redis_.on_live = [this](StateStatus::Flip flip) { log_live(flip); };
  redis_.on_away = [this](StateFault fault, bool is_news) {
    if (is_news) {
      log_away(fault);
    }
  };
  redis_.on_given_up = [this](Acquire& want) {
    answer_locally(want);
    want.on_answer(want);
  };
}

bool FailoverStore::acquire(Acquire& want) {
  want.backend = nullptr;
  if (redis_.is_live()) {
    redis_.acquire(want);
    return false;
  }
  answer_locally(want);
  return true;
}

void FailoverStore::answer_locally(Acquire& want) {
  memory_.acquire(want);
  if (want.backend != nullptr) {
    redis_.adopt(*want.pool, *want.backend);
  }
}

void FailoverStore::log_live(StateStatus::Flip flip) {
  if (flip != StateStatus::Flip::none) {
    log_.info(flip == StateStatus::Flip::back ? "redis is back" : "redis connected", {{"state", shown_url_}});
  }
}

void FailoverStore::log_away(StateFault fault) {
  if (!fault.detail.empty()) {
    log_.error("redis certificate refused, requests go on with local state",
               {{"state", shown_url_}, {"reason", fault.reason}, {"detail", fault.detail}});
  } else if (fault.operator_must_act) {
    log_.error("redis refuses us, requests go on with local state", {{"state", shown_url_}, {"reason", fault.reason}});
  } else {
    log_.warn("redis unavailable, requests go on with local state", {{"state", shown_url_}, {"reason", fault.reason}});
  }
}

}  // namespace fairlead::fleet
