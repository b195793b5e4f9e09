#include "app/command_line.hpp"

#include <gtest/gtest.h>

namespace fairlead::app {
namespace {

using Words = std::vector<std::string>;

Call call_of(const Words& words) {
  const auto read = read_command_line(words);
  if (const auto* said = std::get_if<Said>(&read)) {
    ADD_FAILURE() << testing::PrintToString(words) << ": " << said->text;
    return {};
  }
  return std::get<Call>(read);
}

std::string answer_to(const Words& words, int exit_code) {
  const auto read = read_command_line(words);
  const auto* said = std::get_if<Said>(&read);
  EXPECT_NE(said, nullptr) << testing::PrintToString(words);
  EXPECT_EQ(said == nullptr ? -1 : said->exit_code, exit_code) << testing::PrintToString(words);
  return said == nullptr ? "" : said->text;
}

/// What is wrong, without the line that names the help.
std::string refusal_of(const Words& words) {
  const std::string text = answer_to(words, 2);
  EXPECT_EQ(text.substr(0, 10), "fairlead: ");
  return text.size() < 10 ? text : text.substr(10, text.find('\n') - 10);
}

std::string hint_of(const Words& words) {
  const std::string text = answer_to(words, 2);
  return text.substr(text.find('\n') + 1);
}

TEST(CommandLine, ReadsTheOptionsOfRunAndCheck) {
  const Call run = call_of({"run", "--config", "a.yml", "--set", "workers=2", "--set=engine=epoll", "--verbose"});
  EXPECT_EQ(run.command, Command::run);
  EXPECT_EQ(run.run.origin.file, "a.yml");
  EXPECT_EQ(run.run.origin.overrides, (Words{"workers=2", "engine=epoll"}));
  EXPECT_TRUE(run.run.verbose);
  const Call check = call_of({"check", "a.yml", "--set", "workers=2"});
  EXPECT_EQ(check.command, Command::check);
  EXPECT_EQ(check.run.origin.file, "a.yml");
  EXPECT_EQ(check.run.origin.overrides, Words{"workers=2"});
}

TEST(CommandLine, ReadsTheCommandsThatSpeakToAnInstance) {
  const Call add = call_of({"backend", "add", "http://a", "--weight", "3", "--pool", "web", "--admin", "[::1]:81"});
  EXPECT_EQ(add.command, Command::add);
  EXPECT_EQ(add.backend.url, "http://a");
  EXPECT_EQ(add.backend.weight, 3U);
  EXPECT_EQ(add.backend.pool, "web");
  EXPECT_EQ(add.backend.admin.address, "[::1]:81");
  EXPECT_EQ(call_of({"backend", "list"}).command, Command::list);
  EXPECT_EQ(call_of({"backend", "remove", "http://a"}).command, Command::remove);
  EXPECT_EQ(call_of({"backend", "drain", "http://a"}).command, Command::drain);
  EXPECT_EQ(call_of({"status"}).backend.admin.address, "127.0.0.1:8000");
  EXPECT_EQ(call_of({"top", "--token-file", "/t"}).backend.admin.token_file, "/t");
}

TEST(CommandLine, ReadsPortAndDelayOfADemoBackend) {
  const Call demo = call_of({"demo-backend", "--port", "65535", "--delay", "5ms"});
  EXPECT_EQ(demo.command, Command::demo_backend);
  EXPECT_EQ(demo.demo_port, 65'535);
  EXPECT_EQ(demo.demo_delay, std::chrono::milliseconds(5));
}

TEST(CommandLine, GivesHelpAndVersion) {
  EXPECT_EQ(answer_to({"version"}, 0), answer_to({"--version"}, 0));
  EXPECT_EQ(answer_to({"help"}, 0), answer_to({"--help"}, 0));
  EXPECT_EQ(answer_to({}, 2), answer_to({"help"}, 0));
  EXPECT_NE(answer_to({"help", "backend", "add"}, 0).find("--weight N"), std::string::npos);
  EXPECT_NE(answer_to({"backend", "--help"}, 0).find("drain"), std::string::npos);
  EXPECT_NE(answer_to({"run", "--help"}, 0).find("FAIRLEAD_STATE"), std::string::npos);
}

TEST(CommandLine, HelpTellsTheDefaults) {
  EXPECT_NE(answer_to({"help", "status"}, 0).find("127.0.0.1:8000"), std::string::npos);
  EXPECT_NE(answer_to({"help", "demo-backend"}, 0).find("0ms"), std::string::npos);
  EXPECT_NE(answer_to({"help", "backend", "add"}, 0).find("by default 1"), std::string::npos);
}

TEST(CommandLine, RefusesAnUnknownCommandWithTheNearestOrAll) {
  EXPECT_EQ(refusal_of({"rnu"}), "no command named rnu; did you mean run?");
  EXPECT_EQ(refusal_of({"backend", "lst"}), "no command named lst; did you mean list?");
  EXPECT_EQ(hint_of({"backend", "lst"}), "`fairlead help backend` lists the commands\n");
  EXPECT_EQ(refusal_of({"help", "stauts"}), "no command named stauts; did you mean status?");
  EXPECT_EQ(refusal_of({"help", "foo"}).substr(0, 48), "no command named foo; there are run, check, demo");
  EXPECT_EQ(refusal_of({""}).substr(0, 31), "a command is missing; there are");
  EXPECT_EQ(refusal_of({"backend"}), "backend needs list, add, remove or drain");
}

TEST(CommandLine, SaysThatAnOptionComesAfterItsCommand) {
  EXPECT_EQ(refusal_of({"--config", "x", "run"}), "--config belongs behind its command: fairlead run --config");
  EXPECT_EQ(refusal_of({"--set=a=b", "check", "x"}), "--set belongs behind its command: fairlead check --set");
  EXPECT_EQ(refusal_of({"--pool", "x"}), "--pool belongs behind its command: fairlead backend list --pool");
  EXPECT_EQ(refusal_of({"backend", "--weight", "2", "add", "http://a"}),
            "--weight belongs behind its command: fairlead backend add --weight");
  EXPECT_EQ(refusal_of({"--foo"}).substr(0, 52), "--foo isn't known, and a command comes first; there ");
}

TEST(CommandLine, RefusesAnUnknownOptionBeforeAMissingOne) {
  EXPECT_EQ(refusal_of({"check", "--foo"}), "--foo isn't expected here");
  EXPECT_EQ(refusal_of({"run", "--confg", "x"}), "--confg isn't expected here; did you mean --config?");
  EXPECT_EQ(refusal_of({"run", "x"}), "x isn't expected here");
  EXPECT_EQ(hint_of({"check", "--foo"}), "`fairlead help check` lists its options\n");
  EXPECT_EQ(hint_of({"backend", "add", "--foo"}), "`fairlead help backend add` lists its options\n");
}

TEST(CommandLine, NamesWhatIsMissing) {
  EXPECT_EQ(refusal_of({"check"}), "FILE is missing");
  EXPECT_EQ(refusal_of({"demo-backend"}), "--port N is missing");
  EXPECT_EQ(refusal_of({"run", "--config"}), "--config needs a value: --config FILE");
  EXPECT_EQ(refusal_of({"run", "--config", ""}), "--config is empty; give a file's path");
  EXPECT_EQ(refusal_of({"check", ""}), "FILE is empty; give a file's path");
}

TEST(CommandLine, RefusesAnOptionTwiceAndAValueThatIsntTaken) {
  EXPECT_EQ(refusal_of({"run", "--config", "a", "--config", "b"}), "--config is here more than once; keep one of them");
  EXPECT_EQ(refusal_of({"run", "--verbose=loud"}), "--verbose takes no value");
}

TEST(CommandLine, RefusesNumbersInItsOwnWords) {
  EXPECT_EQ(refusal_of({"demo-backend", "--port", "abc"}),
            "--port abc isn't a port; use a number from 0 (any free one) to 65535");
  refusal_of({"demo-backend", "--port", "70000"});
  EXPECT_EQ(refusal_of({"demo-backend", "--port", "1", "--delay", "5"}),
            "--delay 5 isn't a duration; use 250ms, 5s or 1m");
  EXPECT_EQ(refusal_of({"backend", "add", "http://a", "--weight", "0"}),
            "--weight 0 isn't a weight; use a whole number from 1 to 1000");
}

TEST(CommandLine, RefusesAnAdminAddressThatIsNone) {
  EXPECT_EQ(refusal_of({"status", "--admin", "http://127.0.0.1:8000"}),
            "--admin http://127.0.0.1:8000 is a URL; write HOST:PORT alone: 127.0.0.1:8000");
  for (const char* address : {"127.0.0.1:99999", "127.0.0.1", "nonsense", ":8000", "h:0", "h:", "h:x"}) {
    EXPECT_NE(refusal_of({"status", "--admin", address}).find("isn't a host and a port"), std::string::npos);
  }
}

}  // namespace
}  // namespace fairlead::app
