#include "core/routing/address_range.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/ip_address.hpp"

namespace fairlead::routing {
namespace {

bool contains(std::string_view range, std::string_view address) {
  const auto parsed = parse_address_range(range);
  const auto bytes = parse_ip(address);
  EXPECT_TRUE(parsed) << range;
  EXPECT_TRUE(bytes) << address;
  return parsed && bytes && parsed->contains(*bytes);
}

TEST(AddressRange, OfSeveralOneIsEnough) {
  const std::vector<AddressRange> ranges{*parse_address_range("10.0.0.0/8"), *parse_address_range("fd00::/8")};
  EXPECT_TRUE(is_in_any(*parse_ip("10.1.2.3"), ranges));
  EXPECT_TRUE(is_in_any(*parse_ip("fd00::1"), ranges));
  EXPECT_FALSE(is_in_any(*parse_ip("192.0.2.1"), ranges));
  EXPECT_FALSE(is_in_any(*parse_ip("10.1.2.3"), {}));
}

TEST(AddressRange, OfAnAddressIsThatAddressAlone) {
  EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(contains("192.0.2.1", "192.0.2.0"));
  EXPECT_TRUE(contains("::1", "::1"));
  EXPECT_FALSE(contains("::1", "::2"));
}

TEST(AddressRange, HoldsWhatItsPrefixCovers) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("fd00::/8", "fdff::1"));
  EXPECT_FALSE(contains("fd00::/8", "fe00::1"));
}

TEST(AddressRange, CutsInsideAByte) {
  EXPECT_TRUE(contains("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(contains("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(contains("192.0.2.129/31", "192.0.2.128"));
  EXPECT_FALSE(contains("192.0.2.129/31", "192.0.2.130"));
}

TEST(AddressRange, IgnoresBitsBeyondThePrefix) {
  EXPECT_TRUE(contains("10.1.2.3/8", "10.9.9.9"));
}

TEST(AddressRange, OfNoBitsHoldsItsWholeFamily) {
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
}

TEST(AddressRange, CountsMappedIpv6AsIpv4) {
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST(AddressRange, TakesTheLongestPrefixAndNoLonger) {
  EXPECT_TRUE(parse_address_range("10.0.0.1/32"));
  EXPECT_FALSE(parse_address_range("10.0.0.1/33"));
  EXPECT_TRUE(parse_address_range("::1/128"));
  EXPECT_FALSE(parse_address_range("::1/129"));
}

TEST(AddressRange, SeesBitsThatThePrefixDoesntReach) {
  const auto has = [](const char* text) { return has_host_bits(*parse_address_range(text)); };
  EXPECT_TRUE(has("10.0.0.1/8"));
  EXPECT_TRUE(has("10.0.0.1/31"));
  EXPECT_TRUE(has("fd00::1/8"));
  for (const char* text : {"10.0.0.0/8", "10.0.0.1", "10.0.0.1/32", "0.0.0.0/0", "::/0", "::1", "fd00::/8"}) {
    EXPECT_FALSE(has(text)) << text;
  }
}

TEST(AddressRange, RejectsWhatIsNone) {
  for (const char* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/8 ",
                           "10.0.0/8", "localhost", "10.0.0.0/a", "10.0.0.0/255.0.0.0", "10.0.0.0/256", "*", "[::1]"}) {
    EXPECT_FALSE(parse_address_range(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead::routing
