#include "core/http/authority.hpp"

#include <gtest/gtest.h>

namespace fairlead::http {
namespace {

TEST(Authority, TakesNamesAddressesAndPorts) {
  for (const char* text : {"a", "localhost:5000", "example.com.", "127.0.0.1:80", "a_b-c~d", "[::1]", "[::1]:8080",
                           "[2001:db8::192.0.2.1]", "a:", "a:0", "a:65535", "a%2fb", "EXAMPLE.com", "a!$&'()*+;="}) {
    EXPECT_TRUE(is_authority(text)) << text;
  }
}

TEST(Authority, RefusesWhatIsNoHost) {
  for (const char* text : {"", ":80", "a b", "a/b", "a?b", "a#b", "a@b", "user:pass@a", "a,b", "a\\b", "a\"", "a%",
                           "a%2", "a%zz", "a\tb", "\x80", "a\x7f", "<a>"}) {
    EXPECT_FALSE(is_authority(text)) << text;
  }
}

TEST(Authority, RefusesBadPorts) {
  for (const char* text : {"a:b", "a:65536", "a:123456", "a:-1", "a:+1", "a: 1", "a:1:2", "[::1]80", "[::1]:x"}) {
    EXPECT_FALSE(is_authority(text)) << text;
  }
}

TEST(Authority, RefusesBadBrackets) {
  for (const char* text :
       {"[", "[]", "[:", "::1", "[::1", "::1]", "[g::1]", "[::1%25eth0]", "[v1.x]", "[1.2.3.4]", "[::1]]", "a[::1]"}) {
    EXPECT_FALSE(is_authority(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead::http
