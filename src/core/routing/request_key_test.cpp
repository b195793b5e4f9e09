#include "core/routing/request_key.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/balance/stable_hash.hpp"
#include "core/http/head_parser.hpp"

namespace fairlead::routing {
namespace {

using Source = KeyRule::Source;
using balance::stable_hash;

constexpr std::optional<std::uint64_t> none;

/// A request's head with its bytes.
struct Request {
  explicit Request(const std::string& fields, const std::string& target = "/")
      : text("GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") {
    http::RequestHeadParser parser(limits, head);
    EXPECT_EQ(parser.parse(text), http::ParseStatus::complete) << text;
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  http::HeadLimits limits;
  std::string text;
  http::RequestHead head;
};

std::optional<std::uint64_t> key(Source source, const std::string& name, const Request& request) {
  return request_key({source, name}, request.head, {});
}

TEST(RequestKey, IsAHeadersValueWhateverTheCaseOfItsName) {
  const Request request("X-User: Anna \r\n");
  EXPECT_EQ(key(Source::header, "x-user", request), stable_hash("Anna"));
  EXPECT_EQ(key(Source::header, "X-USER", request), stable_hash("Anna"));
}

TEST(RequestKey, OfARepeatedHeaderTheFirstCounts) {
  EXPECT_EQ(key(Source::header, "X-User", Request("X-User: a\r\nX-User: b\r\n")), stable_hash("a"));
}

TEST(RequestKey, ThereIsNoneWithoutTheHeaderOrWithAnEmptyOne) {
  EXPECT_EQ(key(Source::header, "X-User", Request("X-Users: a\r\n")), none);
  EXPECT_EQ(key(Source::header, "X-User", Request("X-User:\r\n")), none);
}

TEST(RequestKey, IsACookiesValue) {
  for (const char* fields :
       {"Cookie: sid=a1b2\r\n", "cookie: x=1; sid=a1b2; y=2\r\n", "Cookie: x=1;sid=a1b2\r\n",
        "Cookie: asid=0; sid2=3; sid=a1b2\r\n", "Cookie: x=1\r\nCookie: sid=a1b2\r\n", "Cookie: ;; sid=a1b2 ;\r\n"}) {
    EXPECT_EQ(key(Source::cookie, "sid", Request(fields)), stable_hash("a1b2")) << fields;
  }
}

TEST(RequestKey, ThereIsNoneWithoutTheCookie) {
  for (const char* fields : {"", "Cookie: SID=a\r\n", "Cookie: sid\r\n", "Cookie: sid=\r\n", "Cookie:\r\n",
                             "Cookie: asid=b\r\n", "X: sid=c\r\n", "Cookie: ;;\r\n"}) {
    EXPECT_EQ(key(Source::cookie, "sid", Request(fields)), none) << fields;
  }
}

TEST(RequestKey, IsAQueryParametersValueAsItStands) {
  EXPECT_EQ(key(Source::query_parameter, "user", Request("", "/a?b=1&user=x%20y&user=z")), stable_hash("x%20y"));
}

TEST(RequestKey, ThereIsNoneWithoutTheParameter) {
  for (const char* target : {"/", "/?", "/?users=1", "/?user", "/?user=", "/user=1"}) {
    EXPECT_EQ(key(Source::query_parameter, "user", Request("", target)), none) << target;
  }
}

std::uint64_t address_key(const char* peer, const std::string& fields) {
  const std::vector<AddressRange> trusted{*parse_address_range("10.0.0.0/8"), *parse_address_range("fd00::/8")};
  return request_key({}, Request(fields).head, {*parse_ip(peer), trusted}).value();
}

std::uint64_t direct(const char* address) {
  return address_key(address, "");
}

TEST(RequestKey, IsThePeersAddress) {
  EXPECT_EQ(direct("192.0.2.1"), direct("::ffff:192.0.2.1"));
  EXPECT_NE(direct("192.0.2.1"), direct("192.0.2.2"));
}

TEST(RequestKey, AStrangersForwardedForIsNotBelieved) {
  EXPECT_EQ(address_key("192.0.2.1", "X-Forwarded-For: 198.51.100.7\r\n"), direct("192.0.2.1"));
}

TEST(RequestKey, BehindTrustedProxiesItIsTheLastAddressThatIsNoneOfThem) {
  for (const char* fields :
       {"X-Forwarded-For: 198.51.100.7\r\n", "X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.1.1.1\r\n",
        "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.7 ,10.1.1.1, fd00::1\r\n",
        "X-Forwarded-For: 198.51.100.7:4711\r\n", "X-Forwarded-For: 198.51.100.7, [fd00::1]:80,,\r\n"}) {
    EXPECT_EQ(address_key("10.0.0.1", fields), direct("198.51.100.7")) << fields;
  }
}

TEST(RequestKey, WhenAllAreTrustedItIsTheFirst) {
  EXPECT_EQ(address_key("10.0.0.1", "X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n"), direct("10.0.0.3"));
  EXPECT_EQ(address_key("10.0.0.1", "X-Forwarded-For: ,\r\n"), direct("10.0.0.1"));
  EXPECT_EQ(address_key("10.0.0.1", ""), direct("10.0.0.1"));
}

TEST(RequestKey, ATextThatATrustedProxyWroteInsteadOfAnAddressIsTheKey) {
  for (const char* text : {"unknown", "[", "[::1", "_hidden", ":80"}) {
    const std::uint64_t hash = address_key("10.0.0.1", "X-Forwarded-For: 198.51.100.7, " + std::string(text) + "\r\n");
    EXPECT_EQ(hash, text == std::string_view("[::1") ? direct("::1") : stable_hash(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead::routing
