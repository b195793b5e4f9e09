// A connection at work allocates nothing in the engine: what it needs is there once it is attached. Counts operator new
// of this thread. Not under sanitizers, which bring their own.
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

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <new>
#include <string_view>

#include "io/uring_engine.hpp"

namespace {

unsigned& allocations() {
  static thread_local unsigned of_this_thread = 0;
  return of_this_thread;
}

}  // namespace

void* operator new(std::size_t size) {
  ++allocations();
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace fairlead::io {
namespace {

/// Bytes to and fro over a pair of sockets, then its end.
void talk(UringEngine& engine, int times) {
  constexpr std::string_view asked = "ask";
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
  Socket socket;
  ASSERT_EQ(engine.attach(socket, pair[0]), 0);
  std::array<char, 64> memory{};
  for (int i = 0; i < times; ++i) {
    iovec piece{memory.data(), memory.size()};
    Operation operation;
    operation.socket = &socket;
    operation.vectors = &piece;
    operation.vector_count = 1;
    ASSERT_FALSE(engine.submit(operation));
    engine.wait(engine.now());
    ASSERT_EQ(::send(pair[1], asked.data(), asked.size(), 0), static_cast<ssize_t>(asked.size()));
    engine.wait(engine.now() + std::chrono::seconds(20));
    ASSERT_EQ(engine.completed().pop(), &operation);
    piece.iov_len = static_cast<std::size_t>(operation.result);
    operation.kind = OperationKind::send;
    ASSERT_TRUE(engine.submit(operation));
  }
  engine.close(socket);
  engine.wait(engine.now());
  ::close(pair[1]);
}

TEST(UringSteadyState, AllocatesNothing) {
  UringEngine engine;
  if (engine.failure()) {
    GTEST_SKIP() << "the kernel refuses io_uring";
  }
  talk(engine, 1);
  const unsigned before = allocations();
  talk(engine, 100);
  EXPECT_EQ(allocations(), before);
}

}  // namespace
}  // namespace fairlead::io

#endif
