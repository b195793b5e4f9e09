#include "core/balance/backend_set.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::balance {
namespace {

void expect_address(std::string_view url, std::string_view host, std::uint16_t port) {
  const auto address = parse_backend_url(url);
  ASSERT_TRUE(address) << url << ": " << address.error().detail;
  EXPECT_EQ(address->host, host) << url;
  EXPECT_EQ(address->port, port) << url;
}

void expect_rejected(std::string_view url) {
  const auto address = parse_backend_url(url);
  ASSERT_FALSE(address) << url;
  EXPECT_EQ(address.error().kind, ErrorKind::malformed) << url;
  EXPECT_FALSE(address.error().detail.empty()) << url;
}

Backend backend(std::string url, std::uint32_t weight = 1) {
  return Backend{std::move(url), "localhost", 80, weight, nullptr};
}

TEST(BackendUrl, TakesNamesAddressesAndPorts) {
  expect_address("http://localhost:6001", "localhost", 6001);
  expect_address("http://localhost", "localhost", 80);
  expect_address("http://localhost/", "localhost", 80);
  expect_address("http://localhost:6001/", "localhost", 6001);
  expect_address("http://127.0.0.1:1", "127.0.0.1", 1);
  expect_address("http://10.0.0.1:65535", "10.0.0.1", 65535);
  expect_address("http://api-2.my_stack.svc.cluster.local.:8080", "api-2.my_stack.svc.cluster.local.", 8080);
}

TEST(BackendUrl, TakesIpv6InBracketsAndStripsThem) {
  expect_address("http://[::1]:6001", "::1", 6001);
  expect_address("http://[2001:db8::1]", "2001:db8::1", 80);
  expect_address("http://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1", 80);
}

TEST(BackendUrl, RejectsOtherSchemes) {
  for (const char* url : {"", "http:", "http:/", "http:/localhost", "localhost:6001", "//localhost", "ftp://localhost",
                          "HTTP://localhost", "redis://localhost", "http//localhost", "://localhost"}) {
    expect_rejected(url);
  }
}

TEST(BackendUrl, SaysThatHttpsIsNotSupportedYet) {
  const auto address = parse_backend_url("https://localhost:6001");
  ASSERT_FALSE(address);
  EXPECT_NE(address.error().detail.find("not supported yet"), std::string_view::npos);
}

TEST(BackendUrl, RejectsUserQueryFragmentAndPath) {
  for (const char* url : {"http://user@localhost", "http://user:password@localhost:80", "http://@localhost",
                          "http://localhost?a=1", "http://localhost/?", "http://localhost#top", "http://localhost/#",
                          "http://localhost/process", "http://localhost//", "http://localhost:80/a/"}) {
    expect_rejected(url);
  }
}

TEST(BackendUrl, RejectsPortsThatAreNoPorts) {
  for (const char* url : {"http://h:", "http://h:/", "http://h:0", "http://h:65536", "http://h:100000", "http://h:080",
                          "http://h:-1", "http://h:+1", "http://h:80a", "http://h:80:80", "http://h:8 0",
                          "http://[::1]:", "http://[::1]:0", "http://[::1]80", "http://h:4294967376"}) {
    expect_rejected(url);
  }
}

TEST(BackendUrl, RejectsHostsThatAreNoHosts) {
  for (const char* url : {"http://",
                          "http:///",
                          "http://:80",
                          "http://.",
                          "http://a..b",
                          "http://.a",
                          "http://a..",
                          "http://[]",
                          "http://[::1",
                          "http://::1",
                          "http://[::1]]",
                          "http://[127.0.0.1]",
                          "http://[fe80::1%eth0]",
                          "http://256.0.0.1",
                          "http://1.2.3",
                          "http://1.2.3.4.5",
                          "http://example.123",
                          "http://127.1",
                          "http://a,b",
                          "http://a*",
                          "http://a%20b",
                          "http://a\\b",
                          "http://\"a\"",
                          "http://a;b",
                          "http://a'b",
                          "http://[localhost]"}) {
    expect_rejected(url);
  }
}

TEST(BackendUrl, RejectsBlanksControlsAndBytesBeyondAscii) {
  for (const std::string& url :
       {std::string("http://a b"), std::string(" http://a"), std::string("http://a "), std::string("http://a\r\n"),
        std::string("http://a\0b", 10), std::string("http://a\tb"), std::string("http://a\x7f"),
        std::string("http://b\xc3\xa4r")}) {
    expect_rejected(url);
  }
}

TEST(BackendUrl, LimitsLabelAndNameLength) {
  const std::string label(63, 'a');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  expect_address("http://" + label, label, 80);
  expect_rejected("http://" + label + 'a');
  expect_address("http://" + name, name, 80);
  expect_rejected("http://" + name + 'a');
}

TEST(BackendSet, FindsTheFirstOfEachUrl) {
  const BackendSet set({backend("http://b"), backend("http://a"), backend("http://b"), backend("http://c")});
  EXPECT_EQ(set.find("http://a"), &set[1]);
  EXPECT_EQ(set.find("http://b"), &set[0]);
  EXPECT_EQ(set.find("http://c"), &set[3]);
}

TEST(BackendSet, FindsNothingForAnUnknownUrl) {
  const BackendSet set({backend("http://b"), backend("http://d")});
  for (const char* url : {"", "http://a", "http://c", "http://e", "http://b/"}) {
    EXPECT_EQ(set.find(url), nullptr) << url;
  }
  EXPECT_EQ(BackendSet().find("http://b"), nullptr);
}

TEST(BackendSet, FindsInACopyItsOwnBackends) {
  const BackendSet set({backend("http://b"), backend("http://a")});
  const BackendSet copy = set;
  EXPECT_EQ(copy.find("http://a"), &copy[1]);
}

TEST(BackendSet, IsUniformWhenAllWeightsAreEqual) {
  EXPECT_TRUE(BackendSet().uniform());
  EXPECT_TRUE(BackendSet({backend("a", 3), backend("b", 3)}).uniform());
  EXPECT_FALSE(BackendSet({backend("a", 3), backend("b", 3), backend("c", 2)}).uniform());
}

TEST(BackendSet, CountsAWeightOfZeroAsOne) {
  const BackendSet set({backend("a", 0), backend("b", 1)});
  EXPECT_EQ(set[0].weight, 1U);
  EXPECT_TRUE(set.uniform());
}

TEST(BackendSet, GivesEachBackendAnActivityAndKeepsTheOneItHas) {
  Backend known = backend("a");
  known.activity = std::make_shared<BackendActivity>();
  const auto activity = known.activity;
  const BackendSet set({known, backend("b")});
  EXPECT_EQ(set[0].activity, activity);
  EXPECT_NE(set[1].activity, nullptr);
}

TEST(BackendSet, TellsAllPlacesOfAUrl) {
  std::vector<Backend> backends;
  for (const char* url : {"http://b", "http://a", "http://b"}) {
    backends.push_back(Backend{url, "h", 80, 1, nullptr});
  }
  const BackendSet set(std::move(backends));
  const auto places = set.indices_of("http://b");
  EXPECT_EQ(std::vector<BackendIndex>(places.begin(), places.end()), (std::vector<BackendIndex>{0, 2}));
  EXPECT_TRUE(set.indices_of("http://c").empty());
}

TEST(BackendUrl, ItsAuthorityIsWhatStandsBetweenTheSchemeAndTheSlash) {
  Backend backend;
  for (const char* url : {"http://name:6001", "http://name:6001/"}) {
    backend.url = url;
    EXPECT_EQ(authority_of(backend), "name:6001");
  }
}

}  // namespace
}  // namespace fairlead::balance
