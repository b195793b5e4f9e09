#include "fleet/fleet_inspector.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::fleet {
namespace {

FleetPicture picture_of(ReplyView reply) {
  FleetPicture picture;
  picture.drift = reply.size() > 0 ? reply[0].integer() : 0;
  for (std::size_t i = 1; i + 2 < reply.size(); i += 3) {
    picture.members.push_back({std::string(reply[i].text()), reply[i + 1].integer(), reply[i + 2].integer()});
  }
  return picture;
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::max<std::int64_t>(0, number);
}

}  // namespace

void FleetInspector::look(std::vector<std::string> count_keys, Done done) {
  if (!client_.is_up()) {
    done(std::nullopt);
    return;
  }
  const std::string instances = keys_.instances();
  client_.call(
      Script::inspect, {"1", instances, keys_.prefix()}, call_max,
      [this, count_keys = std::move(count_keys), done = std::move(done)](ReplyView reply) mutable {
        if (!reply.is_array()) {
          done(std::nullopt);
        } else if (count_keys.empty() || !client_.is_up()) {
          done(picture_of(reply));
        } else {
          read_counts(picture_of(reply), std::move(count_keys), std::move(done));
        }
      },
      RedisClient::WhenLost::told);
}

void FleetInspector::read_counts(FleetPicture picture, std::vector<std::string> count_keys, Done done) {
  RedisClient::Words words{"MGET"};
  words.insert(words.end(), count_keys.begin(), count_keys.end());
  client_.command(
      "mget", words, call_max,
      [picture = std::move(picture), keys = count_keys, done = std::move(done)](ReplyView reply) mutable {
        for (std::size_t i = 0; i < std::min(keys.size(), reply.size()); ++i) {
          picture.in_flight.emplace(std::move(keys[i]), number_in(reply[i].text()));
        }
        done(std::move(picture));
      },
      RedisClient::WhenLost::told);
}

}  // namespace fairlead::fleet
