// What is particular to io_uring; what it shares with the other engines is in engine_test, stream_test, listener_test.
#include "io/uring_engine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/test_bed.hpp"

namespace fairlead::io {
namespace {

using testing::FarEnd;
using testing::TestBed;

TEST(UringEngine, IsWhatTheKernelAllows) {
  const UringEngine engine;
  if (engine.failure()) {
    GTEST_SKIP() << "the kernel refuses io_uring, so no test of it runs: " << engine.failure().step << ": "
                 << std::strerror(engine.failure().error_number);
  }
}

/// One of our sockets, its far end, and an operation of each direction.
struct Connection {
  explicit Connection(TestBed& test_bed) : bed(test_bed) {
    TestBed::Accepted accepted = bed.accept();
    far = std::move(accepted.far);
    EXPECT_EQ(bed.engine().attach(socket, accepted.descriptor), 0);
    receive.kind = OperationKind::receive;
    send.kind = OperationKind::send;
    watch.kind = OperationKind::broken;
    receive.socket = send.socket = watch.socket = &socket;
    receive.on_complete = send.on_complete =
        watch.on_complete = [](Operation& operation) { *static_cast<bool*>(operation.context) = true; };
    receive.context = &received;
    send.context = &sent;
    watch.context = &broken;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    bed.engine().close(socket);
    bed.settle();
  }

  bool start_receive(std::size_t bytes_max) {
    memory.assign(bytes_max, '\0');
    piece = {memory.data(), memory.size()};
    receive.vectors = &piece;
    receive.vector_count = 1;
    received = bed.engine().submit(receive);
    return received;
  }
  std::string text() const {
    return memory.substr(0, static_cast<std::size_t>(std::max<std::int64_t>(receive.result, 0)));
  }
  /// What comes next; empty at the end or when nothing comes.
  std::string next(std::size_t bytes_max = 100'000) {
    return start_receive(bytes_max) || bed.run_until([&] { return received; }) ? text() : std::string();
  }
  bool start_send(std::string bytes) {
    outgoing = std::move(bytes);
    out_piece = {outgoing.data(), outgoing.size()};
    send.vectors = &out_piece;
    send.vector_count = 1;
    sent = bed.engine().submit(send);
    return sent;
  }
  void hear() { EXPECT_FALSE(bed.engine().submit(watch)); }

  TestBed& bed;
  std::unique_ptr<FarEnd> far;
  Socket socket;
  Operation receive;
  Operation send;
  Operation watch;
  std::string memory;
  std::string outgoing;
  iovec piece{};
  iovec out_piece{};
  bool received = false;
  bool sent = false;
  bool broken = false;
};

class UringTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const UringEngine engine; engine.failure()) {
      GTEST_SKIP() << "the kernel refuses io_uring";
    }
    bed = TestBed::make("io_uring");
  }
  void connect(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      connections.push_back(std::make_unique<Connection>(*bed));
    }
  }
  /// Makes the turn one that brings something for many, as it is under load.
  void make_busy() {
    for (std::size_t i = 0; i < UringEngine::gathers_from; ++i) {
      Connection& each = *connections[i];
      ASSERT_FALSE(each.start_receive(100));
    }
    bed->settle();
    for (std::size_t i = 0; i < UringEngine::gathers_from; ++i) {
      connections[i]->far->send("x");
    }
    bed->engine().wait(bed->engine().now() + std::chrono::seconds(20));
  }
  void run_completions() {
    while (Operation* operation = bed->engine().completed().pop()) {
      operation->on_complete(*operation);
    }
  }

  std::unique_ptr<TestBed> bed;
  std::vector<std::unique_ptr<Connection>> connections;
};

TEST_F(UringTest, RunsOnAnotherThreadThanItWasMadeOn) {
  connect(1);
  connections.clear();  // the bed's engine has its thread; this one has none yet
  UringEngine engine;
  EventLoop loop(engine);
  bool ran = false;
  std::thread owner([&] { loop.run(); });
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  owner.join();
  EXPECT_TRUE(ran);
}

TEST_F(UringTest, WhenAllBuffersAreHeldBytesComeWithoutThem) {
  connect(UringBuffers::count + 20);
  for (auto& each : connections) {
    each->hear();
  }
  bed->settle();
  for (std::size_t i = 0; i < connections.size(); ++i) {
    connections[i]->far->send("for " + std::to_string(i));
  }
  bed->settle();
  for (std::size_t i = connections.size(); i > 0; --i) {
    EXPECT_EQ(connections[i - 1]->next(), "for " + std::to_string(i - 1));
  }
}

TEST_F(UringTest, AFloodThatNobodyReadsLeavesBuffersToOthers) {
  connect(20);
  const std::string much(500'000, 'f');
  for (auto& each : connections) {
    each->hear();
    bed->settle();
    each->far->send(much);
    bed->settle();
  }
  Connection other(*bed);
  ASSERT_FALSE(other.start_receive(100));
  bed->settle();
  other.far->send("hello");
  ASSERT_TRUE(bed->run_until([&] { return other.received; }));
  EXPECT_EQ(other.text(), "hello");
  for (auto& each : connections) {
    std::size_t bytes = 0;
    while (bytes < much.size()) {
      const std::string piece = each->next(10'000);
      ASSERT_FALSE(piece.empty());
      bytes += piece.size();
    }
    EXPECT_EQ(bytes, much.size());
  }
}

TEST_F(UringTest, ADescriptorThatIsUsedAgainGetsItsOwnBytesOnly) {
  for (int times = 0; times < 50; ++times) {
    TestBed::Accepted first = bed->accept();
    TestBed::Accepted second = bed->accept();
    Socket before;
    ASSERT_EQ(bed->engine().attach(before, first.descriptor), 0);
    char memory[16];
    iovec piece{memory, sizeof memory};
    Operation operation;
    operation.kind = OperationKind::receive;
    operation.socket = &before;
    operation.vectors = &piece;
    operation.vector_count = 1;
    ASSERT_FALSE(bed->engine().submit(operation));
    bed->engine().wait(bed->engine().now());
    first.far->send("of before");
    bed->engine().close(before);
    EXPECT_EQ(bed->engine().completed().pop(), &operation);

    const int again = ::dup2(second.descriptor, first.descriptor);
    ASSERT_EQ(again, first.descriptor);
    ::close(second.descriptor);
    Socket after;
    ASSERT_EQ(bed->engine().attach(after, again), 0);
    operation.socket = &after;
    ASSERT_FALSE(bed->engine().submit(operation));
    second.far->send("of after");
    while (bed->engine().completed().empty()) {
      bed->engine().wait(bed->engine().now() + std::chrono::milliseconds(10));
    }
    ASSERT_EQ(bed->engine().completed().pop(), &operation);
    EXPECT_EQ(std::string(memory, static_cast<std::size_t>(operation.result)), "of after");
    bed->engine().close(after);
  }
}

TEST_F(UringTest, TheEndComesBehindWhatIsHeld) {
  connect(1);
  Connection& connection = *connections[0];
  connection.hear();
  bed->settle();
  connection.far->send("last words");
  connection.far->end();
  bed->settle();
  EXPECT_EQ(connection.next(4), "last");
  EXPECT_EQ(connection.next(), " words");
  EXPECT_EQ(connection.next(), "");
  EXPECT_EQ(connection.receive.result, 0);
}

TEST_F(UringTest, AResetTellsTheWatcherThoughTheReceiveHeardItFirst) {
  connect(1);
  Connection& connection = *connections[0];
  connection.hear();
  ASSERT_FALSE(connection.start_receive(10));
  bed->settle();
  connection.far->reset();
  ASSERT_TRUE(bed->run_until([&] { return connection.received && connection.broken; }));
  EXPECT_EQ(connection.receive.result, -ECONNRESET);
}

TEST_F(UringTest, AnIdleTurnSendsAtOnce) {
  connect(1);
  EXPECT_TRUE(connections[0]->start_send("at once"));
}

TEST_F(UringTest, ABusyTurnSendsWithItsOneCall) {
  connect(UringEngine::gathers_from);
  make_busy();
  for (auto& each : connections) {
    EXPECT_FALSE(each->start_send("gathered"));
    EXPECT_EQ(each->far->received(), "");
  }
  ASSERT_TRUE(bed->run_until([&] { return connections.front()->sent && connections.back()->sent; }));
  for (auto& each : connections) {
    EXPECT_EQ(each->send.result, 8);
    EXPECT_TRUE(bed->run_until([&] { return each->far->received() == "gathered"; }));
  }
}

TEST_F(UringTest, ALargeSendIsntGathered) {
  connect(UringEngine::gathers_from);
  make_busy();
  EXPECT_FALSE(connections[0]->start_send(std::string(UringEngine::gathered_send_max, 'g')));
  EXPECT_TRUE(connections[1]->start_send(std::string(UringEngine::gathered_send_max + 1, 'g')));
}

TEST_F(UringTest, ACancelledGatheredSendSendsNothing) {
  connect(UringEngine::gathers_from);
  make_busy();
  Connection& connection = *connections[0];
  ASSERT_FALSE(connection.start_send("never"));
  bed->engine().cancel(connection.send);
  bed->settle();
  EXPECT_TRUE(connection.sent);
  EXPECT_EQ(connection.send.result, -ECANCELED);
  EXPECT_EQ(connection.far->received(), "");
}

TEST_F(UringTest, CloseAndTheEndOfOurHalfComeBehindAGatheredSend) {
  connect(UringEngine::gathers_from);
  make_busy();
  ASSERT_FALSE(connections[0]->start_send("then closed"));
  bed->engine().close(connections[0]->socket);
  ASSERT_FALSE(connections[1]->start_send("then ended"));
  bed->engine().shutdown_send(connections[1]->socket);
  run_completions();
  EXPECT_EQ(connections[0]->send.result, 11);
  EXPECT_EQ(connections[1]->send.result, 10);
  EXPECT_TRUE(bed->run_until([&] { return connections[0]->far->saw_end() && connections[1]->far->saw_end(); }));
  EXPECT_EQ(connections[0]->far->received(), "then closed");
  EXPECT_EQ(connections[1]->far->received(), "then ended");
}

TEST_F(UringTest, AGatheredSendWaitsWhenTheWindowIsFull) {
  connect(UringEngine::gathers_from);
  Connection& connection = *connections[0];
  connection.far->stop_reading();
  ASSERT_FALSE(connection.start_send(std::string(16UL * 1024 * 1024, 'm')));
  bed->engine().cancel(connection.send);
  run_completions();
  auto before = static_cast<std::size_t>(connection.send.sent);
  for (int i = 0;; ++i) {  // the network may still take some of what the window holds
    ASSERT_LT(i, 10'000);
    connection.socket.maybe_writable = true;
    make_busy();
    ASSERT_FALSE(connection.start_send(std::string(UringEngine::gathered_send_max, 'g')));
    bed->settle();
    if (!connection.sent) {
      break;
    }
    before += UringEngine::gathered_send_max;
  }
  connection.far->resume_reading();
  const std::size_t all = before + UringEngine::gathered_send_max;
  ASSERT_TRUE(bed->run_until([&] { return connection.far->received().size() == all; }));
  ASSERT_TRUE(bed->run_until([&] { return connection.sent; }));
  EXPECT_EQ(connection.send.result, static_cast<std::int64_t>(UringEngine::gathered_send_max));
}

TEST_F(UringTest, AGatheredSendToAPeerThatIsGoneFails) {
  connect(UringEngine::gathers_from);
  make_busy();
  Connection& connection = *connections[0];
  connection.far->reset();
  ASSERT_FALSE(connection.start_send("to nobody"));
  ASSERT_TRUE(bed->run_until([&] { return connection.sent; }));
  EXPECT_LT(connection.send.result, 0);
}

/// Bursts and reads of every size, so that a socket goes from buffers to memory of the caller's and back.
class PaceTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, PaceTest, ::testing::ValuesIn(TestBed::kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(PaceTest, BytesStayInOrderAtEveryPace) {
  const std::unique_ptr<TestBed> bed = TestBed::make(GetParam());
  Connection connection(*bed);
  connection.hear();
  std::uint32_t state = 7;
  const auto up_to = [&](std::uint32_t bound) { return (state = state * 1664525 + 1013904223) / 65536 % bound + 1; };
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  for (int burst = 0; burst < 400; ++burst) {
    std::string bytes(up_to(burst % 3 == 0 ? 30'000 : 300), '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(written++ % 251);
    }
    connection.far->send(bytes);
    if (up_to(4) == 1) {
      bed->settle();
    }
    while (read + 20'000 < written || (burst % 20 == 19 && read < written)) {
      const std::string got = connection.next(up_to(burst % 2 == 0 ? 20'000 : 500));
      ASSERT_FALSE(got.empty());
      for (const char byte : got) {
        ASSERT_EQ(byte, static_cast<char>(read++ % 251));
      }
    }
  }
  EXPECT_EQ(read, written);
}

}  // namespace
}  // namespace fairlead::io
