#include "fleet/fleet_inspector.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::fleet {
namespace {

FleetPicture picture_of(ReplyView reply, const std::vector<std::string>& count_keys) {
  FleetPicture picture;
  const ReplyView members = reply[0];
  for (std::size_t i = 0; i + 2 < members.size(); i += 3) {
    picture.members.push_back({std::string(members[i].text()), members[i + 1].integer(), members[i + 2].integer()});
  }
  const ReplyView counts = reply[1];
  for (std::size_t i = 0; i < std::min(count_keys.size(), counts.size()); ++i) {
    picture.in_flight.emplace(count_keys[i], counts[i].integer());
  }
  const ReplyView drifts = reply[2];
  for (std::size_t i = 0; i + 1 < drifts.size(); i += 2) {
    picture.drift.emplace(drifts[i].text(), drifts[i + 1].integer());
  }
  return picture;
}

}  // namespace

FleetInspector::FleetInspector(io::EventLoop& loop, RedisClient& client, KeyNames keys)
    : loop_(loop), client_(client), keys_(std::move(keys)) {
  wait_timer_.context = this;
  wait_timer_.on_expiry = [](io::Timer& timer) { static_cast<FleetInspector*>(timer.context)->tell(std::nullopt); };
}

void FleetInspector::look(std::vector<std::string> count_keys, Done done) {
  if (!client_.is_up()) {
    done(std::nullopt);
    return;
  }
  if (still_stands(count_keys)) {
    done(last_);
    return;
  }
  waiting_.push_back(std::move(done));
  if (!wait_timer_.is_armed()) {
    loop_.timers().arm(wait_timer_, loop_.now() + wait_max);
  }
  if (!is_calling_) {
    call(std::move(count_keys), true);
  }
}

/// Of other backends it says nothing: who has just added one is told of it.
bool FleetInspector::still_stands(const std::vector<std::string>& count_keys) const {
  return last_ && loop_.now() - last_taken_ < stands_for && count_keys == last_keys_;
}

void FleetInspector::call(std::vector<std::string> count_keys, bool is_first_try) {
  is_calling_ = true;
  const std::string instances = keys_.instances();
  RedisClient::Words words{"1", instances, keys_.prefix()};
  words.insert(words.end(), count_keys.begin(), count_keys.end());
  client_.call(
      Script::inspect, words, call_max,
      [this, count_keys = std::move(count_keys), is_first_try](ReplyView reply) mutable {
        answered(reply, std::move(count_keys), is_first_try);
      },
      RedisClient::WhenLost::told);
}

void FleetInspector::answered(ReplyView reply, std::vector<std::string> count_keys, bool is_first_try) {
  is_calling_ = false;
  if (is_first_try && reply.is_error() && reply.text().starts_with("NOSCRIPT")) {
    call(std::move(count_keys), false);
    return;
  }
  last_.reset();
  if (reply.size() == 3) {
    last_ = picture_of(reply, count_keys);
    last_keys_ = std::move(count_keys);
    last_taken_ = loop_.now();
  }
  tell(last_);
}

void FleetInspector::tell(const std::optional<FleetPicture>& picture) {
  wait_timer_.cancel();
  for (const Done& done : std::exchange(waiting_, {})) {
    done(picture);
  }
}

}  // namespace fairlead::fleet
