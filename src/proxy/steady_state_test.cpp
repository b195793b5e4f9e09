// What a request and an idle connection cost in memory. Counts operator new between the engine and the test: what the
// simulated peers allocate isn't counted. Not under sanitizers, which bring their own allocator and recycle no frames.
// tools/dev/budget.py runs the same requests under an instruction counter, fewer of them.
#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAIRLEAD_COUNT_ALLOCATIONS 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAIRLEAD_COUNT_ALLOCATIONS 0
#endif
#ifndef FAIRLEAD_COUNT_ALLOCATIONS
#define FAIRLEAD_COUNT_ALLOCATIONS 1
#endif

#if FAIRLEAD_COUNT_ALLOCATIONS

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <string>

#include "support/proxy_bed.hpp"

namespace {

struct Tally {
  bool on = false;
  std::uint64_t allocations = 0;
  std::int64_t bytes_held = 0;
};

Tally& tally() {
  static thread_local Tally of_this_thread;
  return of_this_thread;
}

void* allocate(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    std::abort();
  }
  if (tally().on) {
    ++tally().allocations;
    tally().bytes_held += static_cast<std::int64_t>(malloc_usable_size(memory));
  }
  return memory;
}

void release(void* memory) {
  if (memory != nullptr && tally().on) {
    tally().bytes_held -= static_cast<std::int64_t>(malloc_usable_size(memory));
  }
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}

namespace fairlead::proxy {
namespace {

using testing::get;
using testing::ok;
using testing::Peer;
using testing::post;
using testing::ProxyBed;

/// Counts or doesn't, for as long as it lives.
class Counting {
 public:
  explicit Counting(bool on) : before_(tally().on) { tally().on = on; }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  ~Counting() { tally().on = before_; }

 private:
  bool before_;
};

/// The simulated engine, whose allocations stand for the kernel's.
class UncountedEngine final : public io::Engine {
 public:
  explicit UncountedEngine(testing::SimulatedEngine& engine) : engine_(engine) {}

  int open(io::Socket& socket, const io::Address& address) override {
    const Counting not_this(false);
    return engine_.open(socket, address);
  }
  int listen(io::Socket& socket, io::Address& address, int backlog) override {
    return engine_.listen(socket, address, backlog);
  }
  int attach(io::Socket& socket, int descriptor) override {
    const Counting not_this(false);
    return engine_.attach(socket, descriptor);
  }
  void close(io::Socket& socket) override {
    const Counting not_this(false);
    engine_.close(socket);
    take_completed();
  }
  void shutdown_send(io::Socket& socket) override {
    const Counting not_this(false);
    engine_.shutdown_send(socket);
  }
  bool is_quiet(io::Socket& socket, bool ask_kernel) override { return engine_.is_quiet(socket, ask_kernel); }
  bool submit(io::Operation& operation) override {
    const Counting not_this(false);
    return engine_.submit(operation);
  }
  void cancel(io::Operation& operation) override {
    engine_.cancel(operation);
    take_completed();
  }
  void wait(io::TimePoint until) override {
    const Counting not_this(false);
    engine_.wait(until);
    take_completed();
  }
  void wake() override { engine_.wake(); }
  io::TimePoint now() override { return engine_.now(); }

 private:
  void take_completed() {
    while (io::Operation* operation = engine_.completed().pop()) {
      completed_.push(*operation);
    }
  }
  testing::SimulatedEngine& engine_;
};

std::unique_ptr<io::Engine> uncounted(testing::SimulatedEngine& engine) {
  return std::make_unique<UncountedEngine>(engine);
}

void ask_counted(ProxyBed& bed, Peer& client, const std::string& request) {
  client.send(request);
  {
    const Counting this_one(true);
    bed.world.settle();
  }
  ASSERT_TRUE(client.take_received().starts_with("HTTP/1.1 200 "));
}

int requests_wanted() {
  const char* fewer = std::getenv("FAIRLEAD_STEADY_REQUESTS");
  return fewer != nullptr ? std::atoi(fewer) : 10'000;
}

std::uint64_t allocations_of(const std::string& request, const ProxyBed::Change& change = {}) {
  ProxyBed bed(3, change, 100, uncounted);
  for (std::size_t i = 0; i < 3; ++i) {
    bed.backend(i).answer = ok("hello");
  }
  Peer& client = bed.connect();
  for (int i = 0; i < 100; ++i) {
    ask_counted(bed, client, request);
  }
  EXPECT_GT(tally().allocations, 0U) << "nothing is counted";
  tally().allocations = 0;
  for (int i = 0; i < requests_wanted(); ++i) {
    ask_counted(bed, client, request);
  }
  return tally().allocations;
}

TEST(SteadyState, AGetAllocatesNothing) {
  const std::string fields = "Accept: */*\r\nCookie: " + std::string(500, 'c') + "\r\n";
  EXPECT_EQ(allocations_of(get("/some/path?with=a&query=too", fields)), 0U);
}

TEST(SteadyState, AnAnnotatedPostAllocatesNothing) {
  EXPECT_EQ(allocations_of(post("/proxy?strategy=least_conn&other=parameter-of-some-length", "body")), 0U);
}

TEST(SteadyState, ARequestWithAKeyAllocatesNothing) {
  using Source = routing::KeyRule::Source;
  const std::string fields = "Cookie: " + std::string(500, 'c') + "=1; sid=" + std::string(100, 's') + "\r\n";
  for (const Source source : {Source::client_address, Source::header, Source::cookie, Source::query_parameter}) {
    const auto keyed = [source](testing::SnapshotPlan& plan) {
      plan.strategy = balance::StrategyId::consistent_hash;
      plan.affinity.key = {source, source == Source::header ? "Cookie" : "sid"};
    };
    EXPECT_EQ(allocations_of(get("/?sid=" + std::string(100, 'q'), fields), keyed), 0U);
  }
}

TEST(SteadyState, ARequestPlacedByLatencyAllocatesNothing) {
  EXPECT_EQ(allocations_of(post("/proxy?strategy=peak_ewma", "body")), 0U);
}

TEST(SteadyState, AnIdleConnectionHoldsLessThanAKibibyte) {
  constexpr int connections = 1'000;
  ProxyBed bed(1, {}, 10'000, uncounted);
  bed.backend(0).answer = ok("hello");
  for (int i = 0; i < 10; ++i) {
    ask_counted(bed, bed.connect(), get("/"));
  }
  const std::int64_t before = tally().bytes_held;
  for (int i = 0; i < connections; ++i) {
    ask_counted(bed, bed.connect(), get("/"));
  }
  const std::int64_t each = (tally().bytes_held - before) / connections;
  RecordProperty("bytes", static_cast<int>(each));
  std::cout << "bytes held by an idle client connection: " << each << ", of which DownstreamConnection "
            << sizeof(DownstreamConnection) << '\n';
  EXPECT_GT(each, 0);
  EXPECT_LT(each, 1'024);
}

}  // namespace
}  // namespace fairlead::proxy

#endif
