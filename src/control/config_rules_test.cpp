#include "control/config_rules.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <regex>
#include <string>

namespace fairlead::control {
namespace {

// Whatever the rule takes, the editors' pattern takes too.
void expect_right(const TextRule& rule, std::initializer_list<const char*> texts) {
  const std::regex pattern{std::string(rule.pattern)};
  for (const char* text : texts) {
    EXPECT_EQ(rule.fault(text), std::nullopt) << text;
    EXPECT_TRUE(std::regex_search(text, pattern)) << text;
  }
  EXPECT_EQ(rule.fault(rule.example), std::nullopt) << rule.example;
}

void expect_wrong(const TextRule& rule, std::initializer_list<const char*> texts) {
  for (const char* text : texts) {
    const auto fault = rule.fault(text);
    ASSERT_TRUE(fault) << text;
    EXPECT_NE(fault->find_first_of(";:"), std::string::npos) << *fault;
  }
}

TEST(ConfigRules, TakesAnAddressWithAPort) {
  expect_right(listen_address_rule(), {"0.0.0.0:5000", "127.0.0.1:0", "[::]:65535", "[::1]:80", "[::ffff:1.2.3.4]:1"});
  expect_wrong(listen_address_rule(), {"",
                                       ":",
                                       ":5000",
                                       "5000",
                                       "localhost:5000",
                                       "1.2.3:80",
                                       "1.2.3.4",
                                       "1.2.3.4:",
                                       "1.2.3.4:65536",
                                       "1.2.3.4:-1",
                                       "1.2.3.4:http",
                                       "::1:80",
                                       "[::1]",
                                       "[]:80",
                                       "[1.2.3.4]:80",
                                       "[:80",
                                       "]:80",
                                       "[",
                                       "1.2.3.4:080",
                                       "1.2.3.4:80 "});
}

TEST(ConfigRules, SaysWhatIsWrongWithAPort) {
  EXPECT_EQ(listen_address_rule().fault("1.2.3.4:70000"),
            "the port `70000` is too large; write 0 (any free one) to 65535");
  EXPECT_EQ(listen_address_rule().fault("1.2.3.4:http"),
            "the port `http` isn't a number; write 0 (any free one) to 65535");
}

TEST(ConfigRules, TakesAStateUrl) {
  expect_right(state_url_rule(), {"memory://", "redis://h", "rediss://u:p@h:1/2", "redis+unix:///run/r",
                                  "redis+sentinel://h1,h2:26380/main"});
  expect_wrong(state_url_rule(), {"", "memory", "http://h", "sentinel://h/x"});
}

TEST(ConfigRules, TakesTheNameOfAFile) {
  expect_right(file_rule(), {"/etc/ssl/ca.pem", "ca.pem", "./with a blank.pem"});
  expect_wrong(file_rule(), {"", "/etc/ca\n.pem"});
}

TEST(ConfigRules, NeverShowsTheStateUrl) {
  EXPECT_EQ(state_url_rule().fault("redis://u:hunter2@h:x")->find("hunter2"), std::string::npos);
}

TEST(ConfigRules, TakesAKeyPrefixUpToItsLimit) {
  EXPECT_FALSE(key_prefix_rule().fault(std::string(128, 'a')));
  EXPECT_TRUE(key_prefix_rule().fault(std::string(129, 'a')));
  expect_right(key_prefix_rule(), {"", "{lb}:"});
  expect_wrong(key_prefix_rule(), {"a b", "\t", "\xc3\xa4"});
}

TEST(ConfigRules, TakesRangesOfAddresses) {
  expect_right(address_range_rule(), {"10.0.0.0/8", "192.0.2.1", "::1", "fd00::/8"});
  expect_wrong(address_range_rule(), {"", "10.0.0.0/33", "example", "10.0.0/8"});
}

TEST(ConfigRules, TakesNamesUpToTheirLimit) {
  for (const TextRule* rule : {&pool_name_rule(), &parameter_rule(), &key_parameter_rule()}) {
    EXPECT_FALSE(rule->fault(std::string(64, 'a')));
    EXPECT_TRUE(rule->fault(std::string(65, 'a')));
    expect_right(*rule, {"a", "A-1_b.c"});
    expect_wrong(*rule, {"", "a b", "a:b", "a/b", "a*"});
  }
}

TEST(ConfigRules, TakesTokensForHeadersAndCookies) {
  for (const TextRule* rule : {&key_header_rule(), &key_cookie_rule()}) {
    EXPECT_FALSE(rule->fault(std::string(64, 'a')));
    EXPECT_TRUE(rule->fault(std::string(65, 'a')));
    expect_right(*rule, {"X-User", "__Host-sid", "!#$%&'*+-.^_`|~09AZaz"});
    expect_wrong(*rule, {"", "a b", "a:", "a=b", "a;", "a,b", "\"a\"", "(a)", "\xc3\xa4"});
  }
}

TEST(ConfigRules, TakesHttpBackendsAndSaysThatHttpsIsNotSupportedYet) {
  expect_right(backend_url_rule(), {"http://localhost:6001", "http://127.0.0.1", "http://[::1]:80"});
  expect_wrong(backend_url_rule(), {"", "localhost:6001", "http://", "http://h:0", "ftp://h", "http://u:p@h"});
  EXPECT_EQ(backend_url_rule().fault("https://h"), "https:// backends aren't supported yet; write http://HOST:PORT");
}

TEST(ConfigRules, NeverShowsABackendsUrl) {
  EXPECT_EQ(backend_url_rule().fault("http://u:hunter2@h")->find("hunter2"), std::string::npos);
}

TEST(ConfigRules, TakesPathsUpToTheirLimit) {
  EXPECT_FALSE(path_rule().fault("/" + std::string(4'095, 'a')));
  EXPECT_TRUE(path_rule().fault("/" + std::string(4'096, 'a')));
  expect_right(path_rule(), {"/", "/a/b.c", "/%20", "/~x;y=1@!$&'()*+,"});
  expect_wrong(path_rule(), {"", "a", "/a b", "/a?b", "/a#b", "/\xc3\xa4", "/a%zz", "/a%4", "/%"});
}

TEST(ConfigRules, TakesMethodsInUpperCase) {
  expect_right(method_rule(), {"GET", "M-SEARCH"});
  expect_wrong(method_rule(), {"", "G ET", "GET,POST"});
  EXPECT_EQ(method_rule().fault("post"), "`post` would never match, methods are told apart by case; write POST");
}

}  // namespace
}  // namespace fairlead::control
