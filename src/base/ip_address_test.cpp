#include "base/ip_address.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

constexpr IpBytes mapped(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}

TEST(IpAddress, MapsIpv4IntoIpv6) {
  EXPECT_EQ(parse_ip("192.0.2.255"), mapped(192, 0, 2, 255));
  EXPECT_EQ(parse_ip("::ffff:192.0.2.255"), mapped(192, 0, 2, 255));
}

TEST(IpAddress, RejectsIpv4ThatIsNotFourDecimalParts) {
  for (const char* text : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.256", "01.2.3.4",
                           "1.2.3.4 ", "0x1.2.3.4", "1.2.3.-4", "1.2.3.1000"}) {
    EXPECT_FALSE(parse_ip(text)) << text;
  }
}

TEST(IpAddress, ReadsAllFormsOfIpv6) {
  EXPECT_EQ(parse_ip("::"), IpBytes{});
  EXPECT_EQ(parse_ip("::1"), (IpBytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(parse_ip("fd00::"), (IpBytes{0xfd}));
  EXPECT_EQ(parse_ip("2001:DB8:0:0:8:800:200c:417a"),
            (IpBytes{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0x0c, 0x41, 0x7a}));
  EXPECT_EQ(parse_ip("2001:db8::8:800:200c:417a"), parse_ip("2001:db8:0:0:8:800:200c:417a"));
  EXPECT_EQ(parse_ip("1:2:3:4:5:6:7::"), parse_ip("1:2:3:4:5:6:7:0"));
  EXPECT_EQ(parse_ip("64:ff9b::192.0.2.33"), parse_ip("64:ff9b::c000:221"));
}

TEST(IpAddress, RejectsMalformedIpv6) {
  for (const char* text : {":",
                           ":::",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::12345",
                           "::g",
                           ":1::",
                           "1:",
                           "::1:",
                           "fe80::1%eth0",
                           "[::1]",
                           "1.2.3.4::",
                           "::1.2.3.4:5",
                           "::1.2.3",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::-1",
                           "::+1",
                           "::0x1"}) {
    EXPECT_FALSE(parse_ip(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead
