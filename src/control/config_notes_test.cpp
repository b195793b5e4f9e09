#include "control/config_notes.hpp"

#include <gtest/gtest.h>

#include "control/config_parser.hpp"

namespace fairlead::control {
namespace {

/// "KEY: what is strange" of a file without faults.
std::vector<std::string> notes_in(std::string_view text) {
  const ParsedConfig parsed = parse_config(text, "f");
  EXPECT_TRUE(parsed.problems.empty()) << text;
  std::vector<std::string> lines;
  for (const Note& note : notes_of(parsed.config)) {
    lines.push_back(note.key + ": " + note.text);
  }
  return lines;
}

std::string note_in(std::string_view text) {
  const auto notes = notes_in(text);
  EXPECT_EQ(notes.size(), 1U) << text << ": " << testing::PrintToString(notes);
  return notes.empty() ? "" : notes[0];
}

std::string pool_of(const std::string& urls) {
  return "pools: [{name: default, backends: [" + urls + "]}]";
}

TEST(ConfigNotes, HaveNothingToSayOfTheDefaults) {
  EXPECT_TRUE(notes_of(default_config()).empty());
}

TEST(ConfigNotes, SayThatACaFileDoesNothingWithoutTls) {
  EXPECT_NE(note_in("state: {url: 'redis://h', ca_file: /etc/ca.pem}").find("rediss://"), std::string::npos);
  EXPECT_TRUE(notes_in("state: {url: 'rediss://h', ca_file: /etc/ca.pem}").empty());
}

TEST(ConfigNotes, SayWhatDoesNothingWithoutARedis) {
  EXPECT_EQ(note_in("state: {coordination: exact}"),
            "state.coordination: `state.coordination` does nothing with memory://; give `state.url` a Redis, or leave "
            "the key out");
  note_in("state: {sync_interval: 5ms}");
  note_in("state: {key_prefix: 'a:'}");
  EXPECT_TRUE(notes_in("state: {coordination: leased, sync_interval: auto, key_prefix: ''}").empty());
  EXPECT_TRUE(notes_in("state: {url: 'redis://h', coordination: exact, sync_interval: 5ms, key_prefix: 'a:'}").empty());
}

TEST(ConfigNotes, SayThatABackendIsThereUnderTwoNames) {
  EXPECT_EQ(note_in(pool_of("{url: 'http://localhost:6001'}, {url: 'http://LOCALHOST:6001'}")),
            "pools[0].backends[1].url: `http://LOCALHOST:6001` is the same server as `http://localhost:6001`, and is "
            "counted as another one; keep one of them");
  note_in(pool_of("{url: 'http://a'}, {url: 'http://a:80'}"));
  note_in(pool_of("{url: 'http://a:1'}, {url: 'http://a:1/'}"));
  EXPECT_TRUE(notes_in(pool_of("{url: 'http://a'}, {url: 'http://a:81'}, {url: 'http://b'}")).empty());
}

TEST(ConfigNotes, SayOnceAPoolThatASlashIsPartOfTheName) {
  EXPECT_NE(note_in(pool_of("{url: 'http://a/'}, {url: 'http://b/'}")).find("leave it out"), std::string::npos);
}

TEST(ConfigNotes, SayThatNoRouteGoesToAPool) {
  EXPECT_EQ(note_in("pools: [{name: default}, {name: spare}]"),
            "pools[1].name: no route goes to the pool `spare`; add one, or leave the pool out");
  EXPECT_TRUE(notes_in("pools: [{name: web}]\nroutes: [{prefix: /, pool: web}]").empty());
}

TEST(ConfigNotes, SayThatARangeIsWiderThanTheAddressInIt) {
  EXPECT_EQ(note_in("trusted_proxies: [10.0.0.0/8, 10.0.0.1/8]").substr(0, 40),
            "trusted_proxies[1]: `10.0.0.1/8` is an a");
  note_in("trusted_proxies: ['fd00::1/8']");
  EXPECT_TRUE(notes_in("trusted_proxies: [10.0.0.0/8, 10.0.0.1/32, 10.0.0.1, '::1', 'fd00::/8', 0.0.0.0/0]").empty());
}

}  // namespace
}  // namespace fairlead::control
