#include "fleet/failover_store.hpp"

namespace fairlead::fleet {

FailoverStore::FailoverStore(io::EventLoop& loop, io::Resolver& resolver, RedisStoreSettings settings,
                             StateMetrics metrics, StateStatus& status, SyncBell& bell, const Log& log)
    : memory_([&loop] { return loop.now(); }),
      redis_(loop, resolver, std::move(settings), metrics, status, log),
      bell_(bell) {
  redis_.on_given_up = [this](Acquire& want) {
    answer_locally(want);
    want.on_answer(want);
  };
}

bool FailoverStore::acquire(Acquire& want) {
  want.backend = nullptr;
  if (redis_.is_live() && RedisStore::chooses_by(want.strategy)) {
    redis_.acquire(want);
    return false;
  }
  answer_locally(want);
  return true;
}

void FailoverStore::answer_locally(Acquire& want) {
  memory_.acquire(want);
  if (want.pool->needs_loads(want.strategy)) {
    bell_.ring();
  }
  if (want.backend != nullptr) {
    redis_.adopt(*want.pool, *want.backend);
  }
}

}  // namespace fairlead::fleet
