#include "io/tls_stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "io/task.hpp"
#include "io/task_scope.hpp"
#include "support/simulation.hpp"
#include "support/test_certificates.hpp"

namespace fairlead::io {
namespace {

using std::chrono::seconds;
using testing::TestCertificate;
using testing::TlsPeer;

using Outcome = std::optional<Result<std::size_t>>;

Task<> connect_to(PlainStream& stream, Address& address, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> connected = co_await stream.connect(address, deadline);
  outcome = connected;
}

Task<> shake_hands(TlsStream& stream, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> shaken = co_await stream.handshake(deadline);
  outcome = shaken;
}

Task<> write_all(Stream& stream, std::string_view bytes, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> count = co_await stream.write(bytes, deadline);
  outcome = count;
}

Task<> read_once(Stream& stream, std::span<char> memory, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> count = co_await stream.read(memory, deadline);
  outcome = count;
}

Task<> await_readable(Stream& stream, TimePoint deadline, Outcome& outcome) {
  const Result<std::size_t> ready = co_await stream.readable(deadline);
  outcome = ready;
}

Task<> read_to_the_end(Stream& stream, TimePoint deadline, std::string& text, Outcome& outcome) {
  std::array<char, 1000> memory{};
  while (true) {
    const Result<std::size_t> count = co_await stream.read(memory, deadline);
    if (!count || *count == 0) {
      outcome = count;
      co_return;
    }
    text.append(memory.data(), *count);
  }
}

std::optional<ErrorKind> fault_of(const Outcome& outcome) {
  return !outcome || outcome->has_value() ? std::nullopt : std::optional(outcome->error().kind);
}

class TlsStreamTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (stream) {
      stream->close();
    }
    world.settle();
    ASSERT_EQ(scope.running(), 0U);
    EXPECT_EQ(world.engine().open_sockets(), 0U);
  }

  /// A backend that speaks TLS with this certificate.
  void serve(TestCertificate certificate) {
    server_certificate = std::move(certificate);
    world.engine().serve(address, [this](testing::Peer& connected) {
      peer = &connected;
      server = std::make_unique<TlsPeer>(connected, server_certificate, client_authority);
    });
  }
  void serve() { serve(testing::make_certificate("DNS:redis.test,IP:10.0.0.5", &authority)); }

  TlsClientOptions trusting() const {
    TlsClientOptions options;
    options.ca_file = testing::certificate_file(authority, "authority.pem");
    return options;
  }
  void connect(const std::string& host, const TlsClientOptions& options) {
    Result<TlsContext> context = TlsContext::for_client(options);
    ASSERT_TRUE(context);
    auto plain = std::make_unique<PlainStream>(world.loop(), Side::internal);
    ASSERT_TRUE(plain->open(address));
    Outcome connected;
    scope.spawn(connect_to(*plain, address, soon(), connected));
    ASSERT_TRUE(world.run_until([&] { return connected.has_value(); }));
    ASSERT_TRUE(connected->has_value());
    stream = std::make_unique<TlsStream>(std::move(plain), *context, host);
  }
  Outcome shake(const std::string& host) { return shake(host, trusting()); }
  Outcome shake(const std::string& host, const TlsClientOptions& options) {
    Outcome shaken;
    connect(host, options);
    scope.spawn(shake_hands(*stream, soon(), shaken));
    EXPECT_TRUE(world.run_until([&] { return shaken.has_value(); }));
    return shaken;
  }
  void connect_and_shake() {
    serve();
    const Outcome shaken = shake("redis.test");
    ASSERT_TRUE(shaken && shaken->has_value());
    world.settle();
  }
  TimePoint soon() { return world.now() + seconds(10); }
  bool run_until_done() {
    return world.run_until([&] { return outcome.has_value(); });
  }

  testing::Simulation world;
  TestCertificate authority = testing::make_certificate("", nullptr);
  TestCertificate server_certificate;
  const TestCertificate* client_authority = nullptr;
  Address address = *Address::parse("10.0.0.5:6379");
  testing::Peer* peer = nullptr;
  std::unique_ptr<TlsPeer> server;
  std::unique_ptr<TlsStream> stream;
  TaskScope scope;
  std::array<char, 64> memory{};
  Outcome outcome;
};

TEST_F(TlsStreamTest, ShakesHandsWithATrustedServerOfThatName) {
  serve();
  const Outcome shaken = shake("redis.test");
  EXPECT_EQ(fault_of(shaken), std::nullopt);
  EXPECT_EQ(server->asked_name(), "redis.test");
  EXPECT_EQ(stream->certificate_fault(), "");
}

TEST_F(TlsStreamTest, ChecksAnAddressAndAsksForNoName) {
  serve();
  EXPECT_EQ(fault_of(shake("10.0.0.5")), std::nullopt);
  EXPECT_EQ(server->asked_name(), "");
}

TEST_F(TlsStreamTest, RefusesACertificateForAnotherName) {
  serve();
  const Outcome shaken = shake("other.test");
  EXPECT_EQ(fault_of(shaken), ErrorKind::refused);
  EXPECT_NE(stream->certificate_fault(), "");
}

TEST_F(TlsStreamTest, RefusesACertificateForAnotherAddress) {
  serve();
  EXPECT_EQ(fault_of(shake("10.0.0.6")), ErrorKind::refused);
}

TEST_F(TlsStreamTest, RefusesACertificateOfAnUnknownAuthority) {
  const TestCertificate stranger = testing::make_certificate("", nullptr);
  serve(testing::make_certificate("DNS:redis.test", &stranger));
  EXPECT_EQ(fault_of(shake("redis.test")), ErrorKind::refused);
}

TEST_F(TlsStreamTest, RefusesAnExpiredCertificate) {
  serve(testing::make_certificate("DNS:redis.test", &authority, -60));
  EXPECT_EQ(fault_of(shake("redis.test")), ErrorKind::refused);
}

TEST_F(TlsStreamTest, TrustsOnlyTheSystemWhenNoFileIsNamed) {
  serve();
  EXPECT_EQ(fault_of(shake("redis.test", {})), ErrorKind::refused);
}

TEST_F(TlsStreamTest, RefusesToCheckAgainstNoName) {
  serve();
  EXPECT_NE(fault_of(shake("")), std::nullopt);
}

TEST_F(TlsStreamTest, TakesAnyCertificateWhenToldSo) {
  const TestCertificate stranger = testing::make_certificate("", nullptr);
  serve(testing::make_certificate("DNS:other.test", &stranger));
  TlsClientOptions options = trusting();
  options.verify = false;
  EXPECT_EQ(fault_of(shake("redis.test", options)), std::nullopt);
}

TEST_F(TlsStreamTest, ShowsItsCertificateToAServerThatAsks) {
  const TestCertificate clients = testing::make_certificate("", nullptr);
  const TestCertificate own = testing::make_certificate("DNS:client.test", &clients);
  client_authority = &clients;
  serve();
  TlsClientOptions options = trusting();
  options.certificate_file = testing::certificate_file(own, "client.pem");
  options.key_file = testing::key_file(own, "client.key");
  ASSERT_EQ(fault_of(shake("redis.test", options)), std::nullopt);
  scope.spawn(write_all(*stream, "PING", soon(), outcome));
  EXPECT_TRUE(world.run_until([&] { return server->received() == "PING"; }));
}

TEST_F(TlsStreamTest, FailsWhereTheServerWantsACertificate) {
  const TestCertificate clients = testing::make_certificate("", nullptr);
  client_authority = &clients;
  serve();
  shake("redis.test");  // TLS 1.3: the client learns of it with its first read
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::malformed);
}

TEST_F(TlsStreamTest, AHandshakeThatNobodyAnswersEndsAtItsDeadline) {
  world.engine().serve(address, [](testing::Peer&) {});
  connect("redis.test", trusting());
  const TimePoint deadline = world.now() + seconds(1);
  scope.spawn(shake_hands(*stream, deadline, outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::timed_out);
  EXPECT_LE(world.now(), deadline + TimerWheel::granularity);
}

TEST_F(TlsStreamTest, AServerWithoutTlsIsMalformed) {
  world.engine().serve(address, [](testing::Peer& plain) {
    plain.on_received = [](testing::Peer& from) { from.send("-ERR Protocol error: expected a command\r\n"); };
  });
  EXPECT_EQ(fault_of(shake("redis.test")), ErrorKind::malformed);
}

TEST_F(TlsStreamTest, AServerThatEndsAmidTheHandshakeIsReset) {
  world.engine().serve(address,
                       [](testing::Peer& plain) { plain.on_received = [](testing::Peer& from) { from.end(); }; });
  EXPECT_EQ(fault_of(shake("redis.test")), ErrorKind::reset);
}

TEST_F(TlsStreamTest, ReadsAndWrites) {
  connect_and_shake();
  scope.spawn(write_all(*stream, "PING", soon(), outcome));
  ASSERT_TRUE(world.run_until([&] { return server->received() == "PING"; }));
  EXPECT_EQ(**outcome, 4U);
  outcome.reset();
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  world.settle();
  EXPECT_FALSE(outcome.has_value());
  server->send("PONG");
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(std::string_view(memory.data(), **outcome), "PONG");
}

TEST_F(TlsStreamTest, ReadsWhatComesByteByByte) {
  connect_and_shake();
  peer->set_receive_window(1);
  server->send("one byte after the other");
  server->end();
  std::string text;
  scope.spawn(read_to_the_end(*stream, soon(), text, outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 0U);
  EXPECT_EQ(text, "one byte after the other");
}

TEST_F(TlsStreamTest, MovesMuchBothWaysAtATimeThroughSmallWindows) {
  connect_and_shake();
  peer->set_window(5000);
  peer->set_receive_window(7000);
  const std::string much(2'000'000, 'm');
  Outcome written;
  std::string text;
  scope.spawn(write_all(*stream, much, soon(), written));
  scope.spawn(read_to_the_end(*stream, soon(), text, outcome));
  server->send(std::string(1'000'000, 'd'));
  server->end();
  ASSERT_TRUE(world.run_until([&] { return outcome && written; }));
  EXPECT_EQ(**written, much.size());
  EXPECT_EQ(text.size(), 1'000'000U);
  EXPECT_TRUE(world.run_until([&] { return server->received().size() == much.size(); }));
}

TEST_F(TlsStreamTest, AWriteWaitsForAPeerThatDoesNotRead) {
  connect_and_shake();
  peer->stop_reading();
  const std::string much(2'000'000, 'm');
  scope.spawn(write_all(*stream, much, world.now() + seconds(1), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::timed_out);
}

TEST_F(TlsStreamTest, ReadableWaitsForBytesAndLeavesThem) {
  connect_and_shake();
  scope.spawn(await_readable(*stream, soon(), outcome));
  world.settle();
  EXPECT_FALSE(outcome.has_value());  // session tickets came; they aren't bytes
  server->send("PONG");
  ASSERT_TRUE(run_until_done());
  outcome.reset();
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(**outcome, 4U);
}

TEST_F(TlsStreamTest, TheEndWithoutTlsOwnEndIsReset) {
  connect_and_shake();
  server->send("half of a rep");
  peer->end();
  std::string text;
  scope.spawn(read_to_the_end(*stream, soon(), text, outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(text, "half of a rep");
  EXPECT_EQ(fault_of(outcome), ErrorKind::reset);
}

TEST_F(TlsStreamTest, AResetEndsAParkedRead) {
  connect_and_shake();
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  world.settle();
  peer->reset();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::reset);
}

TEST_F(TlsStreamTest, AWatchTellsWhenThePeerBreaksTheConnection) {
  connect_and_shake();
  bool broken = false;
  BrokenWatch watch(*stream);
  watch.context = &broken;
  watch.on_broken = [](BrokenWatch& ended) { *static_cast<bool*>(ended.context) = true; };
  watch.start();
  world.settle();
  EXPECT_FALSE(broken);
  peer->reset();
  EXPECT_TRUE(world.run_until([&] { return broken; }));
}

TEST_F(TlsStreamTest, CloseEndsWhatIsParkedAndTellsThePeer) {
  connect_and_shake();
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  world.settle();
  stream->close();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::cancelled);
  EXPECT_FALSE(stream->is_open());
  EXPECT_TRUE(server->saw_end());
}

TEST_F(TlsStreamTest, MayGoAtOnceAfterACancelledRead) {
  connect_and_shake();
  scope.spawn(read_once(*stream, memory, world.now() + seconds(1), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::timed_out);
  stream.reset();
  peer->end();
  world.settle();
  EXPECT_TRUE(peer->saw_close());
}

TEST_F(TlsStreamTest, CancelReadEndsAParkedReadAndTheNextGoesOn) {
  connect_and_shake();
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  world.settle();
  stream->cancel_read();
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::cancelled);
  outcome.reset();
  server->send("PONG");
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 4U);
}

TEST_F(TlsStreamTest, ShutdownSendEndsOneHalf) {
  connect_and_shake();
  stream->shutdown_send();
  ASSERT_TRUE(world.run_until([&] { return server->saw_end() && peer->saw_end(); }));
  server->send("farewell");
  scope.spawn(read_once(*stream, memory, soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(**outcome, 8U);
  outcome.reset();
  scope.spawn(write_all(*stream, "too late", soon(), outcome));
  ASSERT_TRUE(run_until_done());
  EXPECT_EQ(fault_of(outcome), ErrorKind::reset);
}

TEST_F(TlsStreamTest, IsQuietUntilBytesCome) {
  connect_and_shake();
  scope.spawn(read_once(*stream, memory, world.now(), outcome));  // takes the tickets in
  ASSERT_TRUE(run_until_done());
  EXPECT_TRUE(stream->is_quiet(true));
  server->send("surprise");
  EXPECT_FALSE(stream->is_quiet(true));
}

TEST(TlsContext, TellsWhichFileCannotBeUsed) {
  TlsClientOptions options;
  options.ca_file = "/no/such/file.pem";
  const Result<TlsContext> without_authority = TlsContext::for_client(options);
  ASSERT_FALSE(without_authority);
  EXPECT_EQ(without_authority.error().kind, ErrorKind::unavailable);
  options.ca_file.clear();
  options.certificate_file = "/no/such/file.pem";
  EXPECT_FALSE(TlsContext::for_client(options));
}

TEST(TlsContext, RefusesAKeyOfAnotherCertificate) {
  const TestCertificate authority = testing::make_certificate("", nullptr);
  const TestCertificate one = testing::make_certificate("DNS:one.test", &authority);
  const TestCertificate other = testing::make_certificate("DNS:other.test", &authority);
  TlsClientOptions options;
  options.certificate_file = testing::certificate_file(one, "one.pem");
  options.key_file = testing::key_file(other, "other.key");
  EXPECT_FALSE(TlsContext::for_client(options));
}

}  // namespace
}  // namespace fairlead::io
