#include "fleet/redis_dialer.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "io/task_scope.hpp"
#include "support/scripted_redis.hpp"
#include "support/test_certificates.hpp"

namespace fairlead::fleet {
namespace {

using std::chrono::seconds;
using testing::TestCertificate;
using testing::TlsPeer;

using Dialed = std::optional<Result<std::unique_ptr<io::Stream>>>;

io::Task<> dial(io::EventLoop& loop, io::Resolver& resolver, const RedisEndpoint& endpoint, Dialed& dialed) {
  const io::TimePoint deadline = loop.now() + seconds(5);
  dialed = co_await dial_redis(loop, resolver, endpoint, deadline);
}

class RedisDialerTest : public ::testing::Test {
 protected:
  /// A Redis behind TLS, with a certificate for these names; our side trusts `trusted`.
  void serve_tls(const std::string& names, const TestCertificate& trusted) {
    certificate_ = testing::make_certificate(names, &authority_);
    world_.engine().serve(redis_.address(), [this](testing::Peer& connected) {
      tls_peer_ = std::make_unique<TlsPeer>(connected, certificate_);
    });
    io::TlsClientOptions options;
    options.ca_file = testing::certificate_file(trusted, "redis_dialer_authority.pem");
    context_.emplace(io::TlsContext::for_client(options));
    ASSERT_TRUE(*context_);
    endpoint_.url.kind = StateKind::redis_tls;
    endpoint_.tls = &**context_;
  }
  const Result<std::unique_ptr<io::Stream>>& dial_now() {
    scope_.spawn(dial(world_.loop(), resolver_, endpoint_, dialed_));
    EXPECT_TRUE(world_.run_until([this] { return dialed_.has_value(); }));
    return *dialed_;
  }
  void TearDown() override {
    dialed_.reset();
    world_.settle();
    EXPECT_EQ(world_.engine().open_sockets(), 0u);
  }

  testing::Simulation world_;
  testing::ScriptedRedis redis_{world_};
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  TestCertificate authority_ = testing::make_certificate("", nullptr);
  TestCertificate certificate_;
  std::unique_ptr<TlsPeer> tls_peer_;
  std::optional<Result<io::TlsContext>> context_;
  RedisEndpoint endpoint_{redis_.url()};
  Dialed dialed_;
  io::TaskScope scope_;
};

TEST_F(RedisDialerTest, ConnectsByAddress) {
  ASSERT_TRUE(dial_now());
  EXPECT_TRUE((*dialed_)->get()->is_open());
}

TEST_F(RedisDialerTest, NobodyThereIsRefused) {
  redis_.refuse();
  EXPECT_EQ(dial_now().error().kind, ErrorKind::refused);
}

TEST_F(RedisDialerTest, ARedisThatTakesTooLongTimesOut) {
  world_.engine().never_answer(redis_.address());
  EXPECT_EQ(dial_now().error().kind, ErrorKind::timed_out);
}

TEST_F(RedisDialerTest, APathTooLongForASocketIsUnresolved) {
  endpoint_.url.kind = StateKind::redis_unix;
  endpoint_.url.path = std::string(300, 'x');
  EXPECT_EQ(dial_now().error().kind, ErrorKind::unresolved);
}

TEST_F(RedisDialerTest, SpeaksTlsWithACertificateOfTheAuthority) {
  serve_tls("IP:10.0.0.9", authority_);
  ASSERT_TRUE(dial_now());
  EXPECT_FALSE(tls_peer_->is_failed());
}

TEST_F(RedisDialerTest, ACertificateOfAnotherAuthorityIsRefusedWithItsFault) {
  const TestCertificate other = testing::make_certificate("", nullptr);
  serve_tls("IP:10.0.0.9", other);
  ASSERT_FALSE(dial_now());
  EXPECT_EQ(dialed_->error().kind, ErrorKind::refused);
  EXPECT_EQ(dialed_->error().code, EKEYREJECTED);
  EXPECT_NE(dialed_->error().detail.find("certificate"), std::string_view::npos) << dialed_->error().detail;
}

TEST_F(RedisDialerTest, ACertificateForAnotherNameIsRefusedWithItsFault) {
  serve_tls("IP:10.0.0.8,DNS:elsewhere.test", authority_);
  ASSERT_FALSE(dial_now());
  EXPECT_EQ(dialed_->error().code, EKEYREJECTED);
  EXPECT_NE(dialed_->error().detail.find("mismatch"), std::string_view::npos) << dialed_->error().detail;
}

TEST_F(RedisDialerTest, ARedisWithoutTlsIsMalformedToTls) {
  serve_tls("IP:10.0.0.9", authority_);
  world_.engine().serve(redis_.address(), [](testing::Peer& plain) {
    plain.on_received = [](testing::Peer& from) { from.send("-ERR Protocol error: unbalanced quotes\r\n"); };
  });
  EXPECT_EQ(dial_now().error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace fairlead::fleet
