#include "fleet/failover_store.hpp"

namespace fairlead::fleet {

FailoverStore::FailoverStore(io::EventLoop& loop, io::Resolver& resolver, RedisStoreSettings settings,
                             StateMetrics metrics, StateStatus& status, const Log& log)
    : log_(log),
      shown_url_(redacted(settings.url)),
      memory_([&loop] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(loop.now().time_since_epoch()).count();
      }),
      redis_(loop, resolver, std::move(settings), metrics, status, log) {
  redis_.on_live = [this] { note_live(); };
  redis_.on_away = [this](StateFault fault) { note_away(fault); };
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

void FailoverStore::note_live() {
  if (was_live_ != true) {
    log_.info(was_live_ ? "redis is back" : "redis connected", {{"state", shown_url_}});
  }
  was_live_ = true;
}

/// Once a flip, and once more when the reason becomes one that an operator must see to.
void FailoverStore::note_away(StateFault fault) {
  const bool is_new = was_live_ != false || (fault.operator_must_act && fault != last_fault_);
  was_live_ = false;
  last_fault_ = fault;
  if (!is_new) {
    return;
  }
  const Log::Fields fields{{"state", shown_url_}, {"reason", fault.reason}};
  if (fault.operator_must_act) {
    log_.error("redis refuses us, requests go on with local state", fields);
  } else {
    log_.warn("redis unavailable, requests go on with local state", fields);
  }
}

}  // namespace fairlead::fleet
