#include "support/scripted_redis.hpp"

#include <algorithm>

namespace fairlead::testing {
namespace {

constexpr std::uint16_t port = 6379;

/// The line up to CR LF, taken off the front at `at`; nothing: it isn't whole.
std::optional<std::string> next_line(const std::string& bytes, std::size_t& at) {
  const std::size_t end = bytes.find("\r\n", at);
  if (end == std::string::npos) {
    return std::nullopt;
  }
  std::string line = bytes.substr(at, end - at);
  at = end + 2;
  return line;
}

}  // namespace

ScriptedRedis::ScriptedRedis(Simulation& world, std::string_view ip)
    : world_(world), ip_(ip), address_(*io::Address::from_ip(ip, port)) {
  listen();
}

fleet::StateUrl ScriptedRedis::url() const {
  fleet::StateUrl url;
  url.kind = fleet::StateKind::redis;
  url.host = ip_;
  url.port = port;
  return url;
}

void ScriptedRedis::listen() {
  world_.engine().serve(address_, [this](Peer& connected) {
    ++connections_;
    peer_ = &connected;
    unread_.clear();
    connected.on_received = [this](Peer& from) { take(from); };
  });
}

int ScriptedRedis::count(std::string_view beginning) const {
  return static_cast<int>(std::ranges::count_if(
      commands_, [beginning](const std::string& command) { return command.starts_with(beginning); }));
}

void ScriptedRedis::take(Peer& peer) {
  unread_ += peer.take_received();
  while (const std::optional<Words> words = next_command(unread_)) {
    std::string shown;
    for (const std::string& word : *words) {
      shown += (shown.empty() ? "" : " ") + (word.size() > 200 ? "..." : word);
    }
    commands_.push_back(std::move(shown));
    peer.send(answer_to(*words));
  }
}

std::string ScriptedRedis::answer_to(const Words& words) {
  const std::optional<std::string> scripted = answer ? answer(words) : std::nullopt;
  return scripted ? *scripted : well(words);
}

std::string ScriptedRedis::well(const Words& words) {
  if (words[0] == "SCRIPT") {
    const std::string digest = digest_of(words[2]);
    return "$" + std::to_string(digest.size()) + "\r\n" + digest + "\r\n";
  }
  return "+OK\r\n";
}

std::optional<ScriptedRedis::Words> ScriptedRedis::next_command(std::string& bytes) {
  std::size_t at = 0;
  const std::optional<std::string> head = next_line(bytes, at);
  if (!head) {
    return std::nullopt;
  }
  Words words;
  for (int left = std::stoi(head->substr(1)); left > 0; --left) {
    const std::optional<std::string> size = next_line(bytes, at);
    const std::size_t length = size ? std::stoul(size->substr(1)) : 0;
    if (!size || bytes.size() < at + length + 2) {
      return std::nullopt;
    }
    words.push_back(bytes.substr(at, length));
    at += length + 2;
  }
  bytes.erase(0, at);
  return words;
}

}  // namespace fairlead::testing
