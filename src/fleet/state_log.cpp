#include "fleet/state_log.hpp"

namespace fairlead::fleet {

void StateLog::live(StateStatus::Flip flip) const {
  if (flip != StateStatus::Flip::none) {
    log_.info(flip == StateStatus::Flip::back ? "redis is back" : "redis connected", {{"state", shown_url_}});
  }
}

void StateLog::away(const StateFault& fault, bool is_news) const {
  if (!is_news) {
    return;
  }
  if (!fault.detail.empty()) {
    log_.error(fault.reason == "certificate_refused" ? "redis certificate refused, requests go on with local state"
                                                     : "redis refuses us, requests go on with local state",
               {{"state", shown_url_}, {"reason", fault.reason}, {"detail", fault.detail}});
  } else if (fault.operator_must_act) {
    log_.error("redis refuses us, requests go on with local state", {{"state", shown_url_}, {"reason", fault.reason}});
  } else {
    log_.warn("redis unavailable, requests go on with local state", {{"state", shown_url_}, {"reason", fault.reason}});
  }
}

void StateLog::pool_flipped(std::string_view pool, std::string_view reason) const {
  if (reason.empty()) {
    log_.info("redis serves a pool again", {{"pool", pool}});
  } else {
    log_.error("redis refuses a pool's keys, requests go on with local state", {{"pool", pool}, {"reason", reason}});
  }
}

}  // namespace fairlead::fleet
