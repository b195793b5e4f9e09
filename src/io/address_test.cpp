#include "io/address.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::io {
namespace {

using namespace std::string_view_literals;

TEST(Address, ParsesWhatItWrites) {
  for (const std::string_view text :
       {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080", "[::]:0", "[2001:db8::ff]:443"}) {
    const std::optional<Address> address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const std::string_view text : {""sv,
                                      ":"sv,
                                      ":80"sv,
                                      "127.0.0.1"sv,
                                      "127.0.0.1:"sv,
                                      "127.0.0.1:65536"sv,
                                      "127.0.0.1:-1"sv,
                                      "127.0.0.1:+1"sv,
                                      "127.0.0.1:80 "sv,
                                      "127.0.0.1:0x50"sv,
                                      "127.0.0:80"sv,
                                      "127.0.0.01:80"sv,
                                      "localhost:80"sv,
                                      "::1:80"sv,
                                      "[::1]80"sv,
                                      "[::1:80"sv,
                                      "[127.0.0.1]:80"sv,
                                      "[]:80"sv,
                                      "[fe80::1%lo]:80"sv,
                                      "127.0.0.1\0x:80"sv}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, FromIpTakesNoZeroByteForTheEnd) {
  EXPECT_TRUE(Address::from_ip("127.0.0.1", 80));
  EXPECT_FALSE(Address::from_ip("127.0.0.1\0.example"sv, 80));
}

TEST(Address, SetsThePort) {
  for (const std::string_view ip : {"127.0.0.1", "::1"}) {
    Address address = *Address::from_ip(ip, 1);
    address.set_port(65'535);
    EXPECT_EQ(address.port(), 65'535);
    EXPECT_EQ(address.ip_text(), ip);
  }
}

TEST(Address, AMappedAddressReadsAsIpv4) {
  EXPECT_EQ(Address::from_ip("::ffff:10.0.0.1", 80)->ip_text(), "10.0.0.1");
  EXPECT_EQ(Address::from_ip("::ffff:10.0.0.1", 80)->ip_bytes(), Address::from_ip("10.0.0.1", 80)->ip_bytes());
}

TEST(Address, HoldsUnixPathsUpToTheirLimit) {
  const Address address = *Address::from_path("/run/redis.sock");
  EXPECT_EQ(address.family(), AF_UNIX);
  EXPECT_EQ(address.text(), "unix:/run/redis.sock");
  EXPECT_EQ(address.ip_text(), "unix:");
  EXPECT_EQ(address.port(), 0);
  EXPECT_EQ(Address::from_path(std::string(107, 'p'))->text(), "unix:" + std::string(107, 'p'));
  EXPECT_FALSE(Address::from_path(std::string(108, 'p')));
  EXPECT_FALSE(Address::from_path(""));
}

TEST(Address, SurvivesAnAddressOfAnUnnamedPeer) {
  sockaddr unnamed{};
  unnamed.sa_family = AF_UNIX;
  const Address address(&unnamed, sizeof unnamed.sa_family);
  EXPECT_EQ(address.text(), "unix:");
}

TEST(PeerIp, KeepsWhereAClientComesFrom) {
  for (const char* text : {"127.0.0.1:80", "[2001:db8::1]:80", "[::ffff:10.0.0.1]:80"}) {
    const Address peer = *Address::parse(text);
    EXPECT_EQ(PeerIp(peer).bytes(), peer.ip_bytes());
    EXPECT_EQ(PeerIp(peer).text(), peer.ip_text());
  }
  EXPECT_EQ(PeerIp(*Address::from_path("/run/client")).text(), "unix:");
}

}  // namespace
}  // namespace fairlead::io
