#include "app/loaded_config.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace fairlead::app {
namespace {

constexpr const char* token = "0123456789abcdef";

std::string file_with(const std::string& name, const std::string& text) {
  std::string path = testing::TempDir() + "fairlead-" + name;
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), 0600);
  return path;
}

std::string fault_of(const ConfigOrigin& origin) {
  const LoadedConfig loaded = load_config(origin);
  EXPECT_EQ(loaded.faults.size(), 1U) << testing::PrintToString(loaded.faults);
  return loaded.faults.empty() ? "" : loaded.faults[0];
}

std::string note_of(const ConfigOrigin& origin) {
  const LoadedConfig loaded = load_config(origin);
  EXPECT_EQ(loaded.faults, std::vector<std::string>{});
  EXPECT_EQ(loaded.notes.size(), 1U);
  return loaded.notes.empty() ? "" : control::format_problem(loaded.notes[0]);
}

TEST(LoadedConfig, HasTheTokenThatItsFileNames) {
  const std::string secret = file_with("token", token);
  const LoadedConfig loaded = load_config({file_with("a.yml", "admin: {token_file: " + secret + "}"), {}, {}});
  EXPECT_TRUE(loaded.faults.empty());
  EXPECT_TRUE(loaded.notes.empty());
  EXPECT_EQ(loaded.config.admin_token, token);
}

TEST(LoadedConfig, ATokenFileThatCantBeUsedIsAFaultAtItsPlace) {
  const std::string file = file_with("b.yml", "admin:\n  token_file: /nowhere/token\n");
  EXPECT_EQ(fault_of({file, {}, {}}), file + ":2:15: `admin.token_file` /nowhere/token: No such file or directory; " +
                                          "give a file that this user may read");
  const std::string brief = file_with("brief", "short");
  EXPECT_EQ(fault_of({{}, {"admin.token_file=" + brief}, {}}).substr(0, 13), "--set:1:18: `");
}

TEST(LoadedConfig, ACaFileThatIsNoneIsAFaultWhereTlsIsSpoken) {
  const std::string file = file_with("c.yml", "state:\n  url: rediss://h\n  ca_file: /nowhere/ca.pem\n");
  EXPECT_EQ(fault_of({file, {}, {}}).substr(0, file.size() + 38), file + ":3:12: `state.ca_file` /nowhere/ca.pem");
  fault_of({file, {"state.ca_file=" + file_with("no.pem", "no certificate")}, {}});
  EXPECT_EQ(note_of({file, {"state.url=redis://h"}, {}}).substr(0, file.size() + 7), file + ":3:12: ");
}

TEST(LoadedConfig, NotesATokenFileThatOthersMayRead) {
  const std::string secret = file_with("open-token", token);
  ::chmod(secret.c_str(), 0644);
  const std::string file = file_with("d.yml", "admin: {token_file: " + secret + "}");
  EXPECT_EQ(note_of({file, {}, {}}),
            file + ":1:21: `admin.token_file` " + secret + " may be read by every user of this machine; chmod 600 it");
}

TEST(LoadedConfig, TakesTheStateFromTheEnvironmentOnlyWithoutAFile) {
  EXPECT_EQ(load_config({{}, {}, "redis://h:1"}).config.state.url, "redis://h:1");
  const std::string file = file_with("e.yml", "workers: 2\n");
  EXPECT_EQ(load_config({file, {}, "redis://h:1"}).config.state.url, "memory://");
  EXPECT_NE(note_of({file, {}, "redis://h:1"}).find("FAIRLEAD_STATE isn't used"), std::string::npos);
}

TEST(LoadedConfig, AStateThatIsSetWinsOverTheEnvironment) {
  const LoadedConfig loaded = load_config({{}, {"state.url=redis://h:2"}, "foo"});
  EXPECT_TRUE(loaded.faults.empty());
  EXPECT_TRUE(loaded.notes.empty());
  EXPECT_EQ(loaded.config.state.url, "redis://h:2");
}

TEST(LoadedConfig, TellsAFaultOfTheEnvironmentWithOneHint) {
  const std::string fault = fault_of({{}, {}, "mysql://user:hunter2@h"});
  EXPECT_EQ(fault.substr(0, 16), "FAIRLEAD_STATE: ");
  EXPECT_EQ(std::count(fault.begin(), fault.end(), ';'), 1) << fault;
  EXPECT_EQ(fault.find("hunter2"), std::string::npos);
}

TEST(LoadedConfig, SaysWhyAFileCantBeRead) {
  EXPECT_EQ(fault_of({"/nowhere/f.yml", {}, {}}),
            "/nowhere/f.yml: can't be read (No such file or directory); give the path of a readable file");
}

}  // namespace
}  // namespace fairlead::app
