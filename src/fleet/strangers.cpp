#include "fleet/strangers.hpp"

namespace fairlead::fleet {

Result<const balance::Backend*> Strangers::hold(const std::string& pool, std::string_view url) {
  const auto [place, is_new] = strangers_.try_emplace(Identity{pool, url});
  Stranger& stranger = place->second;
  if (is_new) {
    Result<balance::BackendAddress> address = balance::parse_backend_url(url);
    if (!address) {
      strangers_.erase(place);
      return address.error();
    }
    stranger.backend.is_stranger = true;
    stranger.backend.url = url;
    stranger.backend.host = std::move(address->host);
    stranger.backend.port = address->port;
    stranger.backend.activity = std::make_shared<balance::BackendActivity>();
    by_backend_.emplace(&stranger.backend, place);
  }
  ++stranger.holders;
  return &stranger.backend;
}

void Strangers::release(const balance::Backend& backend) {
  const auto found = by_backend_.empty() ? by_backend_.end() : by_backend_.find(&backend);
  if (found != by_backend_.end() && --found->second->second.holders == 0) {
    strangers_.erase(found->second);
    by_backend_.erase(found);
  }
}

}  // namespace fairlead::fleet
