#include "fleet/state_log.hpp"

namespace fairlead::fleet {

void StateLog::live(StateStatus::Flip flip) const {
  switch (flip) {
    case StateStatus::Flip::none: return;
    case StateStatus::Flip::connected: log_.info("redis connected", {{"state", shown_url_}}); return;
    case StateStatus::Flip::back: log_.info("redis is back", {{"state", shown_url_}}); return;
    case StateStatus::Flip::known_again: log_.info("redis knows this instance again", {{"state", shown_url_}}); return;
  }
}

void StateLog::away(const StateFault& fault, bool is_news) const {
  if (!is_news) {
    return;
  }
  if (is_forgotten(fault)) {
    log_.warn("redis lost what it knew of this instance, it is told again", {{"state", shown_url_}});
  } else if (fault.operator_must_act) {
    log_.error(fault.reason == "certificate_refused" ? "redis certificate refused, requests go on with local state"
                                                     : "redis refuses us, requests go on with local state",
               {{"state", shown_url_}, {"reason", fault.reason}, {"hint", hint_of(fault)}});
  } else {
    const bool may_lack_tls = fault.reason == "timed_out" && shown_url_.starts_with("rediss:");
    log_.warn("redis unavailable, requests go on with local state",
              {{"state", shown_url_},
               {"reason", fault.reason},
               {"hint", may_lack_tls ? "it is tried again by itself; does that port speak TLS?" : hint_of(fault)}});
  }
}

void StateLog::pool_flipped(std::string_view pool, std::string_view reason) const {
  if (reason.empty()) {
    log_.info("redis serves a pool again", {{"pool", pool}});
  } else {
    log_.error("redis refuses a pool's keys, requests go on with local state",
               {{"pool", pool}, {"reason", reason}, {"hint", hint_of(reason)}});
  }
}

}  // namespace fairlead::fleet
