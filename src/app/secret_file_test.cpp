#include "app/secret_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace fairlead::app {
namespace {

/// Nothing: the file holds no secret.
std::string read(const std::string& content) {
  const std::string path = testing::TempDir() + "fairlead-secret";
  std::ofstream(path, std::ios::binary) << content;
  const auto secret = read_secret(path);
  return std::holds_alternative<std::string>(secret) ? std::get<std::string>(secret) : std::string();
}

TEST(SecretFile, IsALineWithoutItsEnd) {
  EXPECT_EQ(read("0123456789abcdef\n"), "0123456789abcdef");
  EXPECT_EQ(read("0123456789abcdef\r\n\n"), "0123456789abcdef");
}

TEST(SecretFile, HasItsLimits) {
  EXPECT_EQ(read("0123456789abcde"), "");
  EXPECT_EQ(read(std::string(4096, 'x')).size(), 4096U);
  EXPECT_EQ(read(std::string(4097, 'x')), "");
  EXPECT_EQ(read("0123456789 abcdef"), "");
  EXPECT_EQ(read(""), "");
}

TEST(SecretFile, ShowsWhetherOthersMayReadIt) {
  const std::string path = testing::TempDir() + "fairlead-open-secret";
  std::ofstream(path) << "x";
  ::chmod(path.c_str(), 0644);
  EXPECT_TRUE(others_may_read(path));
  ::chmod(path.c_str(), 0640);
  EXPECT_FALSE(others_may_read(path));
  EXPECT_FALSE(others_may_read("/nowhere/token"));
}

TEST(SecretFile, SaysWhyAFileCantBeRead) {
  const auto secret = read_secret("/nowhere/token");
  ASSERT_TRUE(std::holds_alternative<SecretFault>(secret));
  EXPECT_NE(std::get<SecretFault>(secret).text.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::app
