#include "app/listen_failure.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace fairlead::app {
namespace {

std::string said_of(const char* address, int code, std::string_view detail) {
  const Error error{ErrorKind::refused, Side::internal, code, detail};
  return cannot_listen("--set listen=IP:PORT", *io::Address::parse(address), error);
}

TEST(ListenFailure, SaysWhatHelpsAgainstEachCause) {
  EXPECT_EQ(said_of("127.0.0.1:5000", EADDRINUSE, "the address is in use"),
            "can't listen on 127.0.0.1:5000: the address is in use; end what uses it, or choose another with --set "
            "listen=IP:PORT");
  EXPECT_EQ(said_of("10.1.2.3:5000", EADDRNOTAVAIL, "no interface of this machine has the address"),
            "can't listen on 10.1.2.3:5000: no interface of this machine has the address; `ip address` shows those "
            "that it has, or choose another with --set listen=IP:PORT");
  EXPECT_EQ(said_of("[::1]:5000", EAFNOSUPPORT, "x"),
            "can't listen on [::1]:5000: x; choose another with --set listen=IP:PORT");
}

TEST(ListenFailure, NamesTheCapabilityForLowPortsAlone) {
  EXPECT_NE(said_of("0.0.0.0:1023", EACCES, "not permitted").find("CAP_NET_BIND_SERVICE"), std::string::npos);
  EXPECT_EQ(said_of("0.0.0.0:1024", EACCES, "not permitted").find("CAP_NET_BIND_SERVICE"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::app
