// A Redis of a test's own on a SimulatedEngine: it reads commands as Redis does, keeps them, and answers what the test
// says: late, in halves, with errors, with garbage, or not at all. What the test leaves to it succeeds.
// Thread rule: the simulation's thread. Lifetime: outlives what connects to it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fleet/scripts.hpp"
#include "fleet/state_url.hpp"
#include "support/simulation.hpp"

namespace fairlead::testing {

class ScriptedRedis {
 public:
  using Words = std::vector<std::string>;
  /// Bytes of the answer; nothing: as a Redis does that is well.
  using Answer = std::function<std::optional<std::string>(const Words&)>;

  explicit ScriptedRedis(Simulation& world, std::string_view ip = "10.0.0.9");

  /// Where it is.
  [[nodiscard]] fleet::StateUrl url() const;
  [[nodiscard]] const io::Address& address() const { return address_; }
  /// Listens, as it does from the start on, or no longer.
  void listen();
  void refuse() { world_.engine().refuse(address_); }

  /// Asked for each command.
  Answer answer;
  /// Of the newest connection.
  [[nodiscard]] Peer& peer() { return *peer_; }
  [[nodiscard]] int connections() const { return connections_; }

  /// All commands that came, blanks between words, without the scripts' texts.
  [[nodiscard]] const std::vector<std::string>& commands() const { return commands_; }
  [[nodiscard]] int count(std::string_view beginning) const;
  /// How often the script was called.
  [[nodiscard]] int count(fleet::Script script) const {
    return count("EVALSHA " + digest_of(fleet::text_of(script)) + " ");
  }
  /// That a command calls; nothing: it calls none. (Here, because layers below fleet don't link the scripts.)
  static std::optional<fleet::Script> script_of(const Words& words) {
    for (std::size_t i = 0; words.size() > 1 && words[0] == "EVALSHA" && i < fleet::script_count; ++i) {
      const auto script = static_cast<fleet::Script>(i);
      if (words[1] == digest_of(fleet::text_of(script))) {
        return script;
      }
    }
    return std::nullopt;
  }

 private:
  /// The length of its text, so that calls can be told apart.
  static std::string digest_of(std::string_view text) { return "digest" + std::to_string(text.size()); }
  void take(Peer& peer);
  std::string answer_to(const Words& words);
  static std::string well(const Words& words);
  /// Nothing: more must come.
  static std::optional<Words> next_command(std::string& bytes);

  Simulation& world_;
  std::string ip_;
  io::Address address_;
  Peer* peer_ = nullptr;
  int connections_ = 0;
  std::string unread_;
  std::vector<std::string> commands_;
};

}  // namespace fairlead::testing
