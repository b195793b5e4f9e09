// What io_uring holds for a descriptor that is closed before the kernel took it, on a thread whose kernel once refuses.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/uring_engine.hpp"
#include "support/call_filter.hpp"
#include "support/test_bed.hpp"

namespace fairlead::io {
namespace {

using testing::TestBed;

constexpr std::uint32_t refused = 3;  // requests in one call

/// From now on the calling thread's io_uring takes nothing when a turn brings exactly `refused` requests.
bool refuse_turns_of_three() {
  constexpr std::uint32_t no = SECCOMP_RET_ERRNO | EBUSY;
  constexpr std::uint32_t get_events = 1;
  sock_filter steps[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_enter, 0, 5),
                         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused, 0, 3),
                         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[3])),
                         BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, get_events, 0, 1),
                         BPF_STMT(BPF_RET | BPF_K, no),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  return testing::filter_calls(steps);
}

/// A socket that waits for bytes.
struct Reader {
  Reader(Engine& engine, int descriptor) {
    EXPECT_EQ(engine.attach(socket, descriptor), 0);
    operation.kind = OperationKind::receive;
    operation.socket = &socket;
    operation.vectors = &piece;
    operation.vector_count = 1;
    EXPECT_FALSE(engine.submit(operation));
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::array<char, 16> memory{};
  iovec piece{memory.data(), memory.size()};
  Socket socket;
  Operation operation;
};

void close_before_the_kernel_takes_it(bool& is_refusing) {
  const std::unique_ptr<TestBed> bed = TestBed::make("io_uring");
  Engine& engine = bed->engine();
  std::array<TestBed::Accepted, refused> first{bed->accept(), bed->accept(), bed->accept()};
  const TestBed::Accepted second = bed->accept();
  bed->settle();
  is_refusing = refuse_turns_of_three();
  if (!is_refusing) {
    return;
  }
  std::vector<std::unique_ptr<Reader>> readers;
  readers.reserve(first.size());
  for (const TestBed::Accepted& each : first) {
    readers.push_back(std::make_unique<Reader>(engine, each.descriptor));
  }
  engine.wait(engine.now());  // refused
  engine.close(readers[0]->socket);
  EXPECT_EQ(engine.completed().pop(), &readers[0]->operation);

  ASSERT_EQ(::dup2(second.descriptor, first[0].descriptor), first[0].descriptor);
  ::close(second.descriptor);
  Reader after(engine, first[0].descriptor);
  second.far->send("of after");
  for (int turns = 0; turns < 100 && engine.completed().empty(); ++turns) {
    engine.wait(engine.now() + std::chrono::milliseconds(10));
  }
  EXPECT_EQ(engine.completed().pop(), &after.operation);
  EXPECT_EQ(std::string(after.memory.data()), "of after");
  for (Reader* reader : {readers[1].get(), readers[2].get(), &after}) {
    engine.close(reader->socket);
  }
  while (engine.completed().pop() != nullptr) {
  }
  bed->settle();
}

TEST(UringClose, WhatTheKernelHasYetToTakeIsNotMadeOnTheDescriptorsNextSocket) {
  if (const UringEngine engine; engine.failure()) {
    GTEST_SKIP() << "the kernel refuses io_uring";
  }
  bool is_refusing = false;
  std::thread(close_before_the_kernel_takes_it, std::ref(is_refusing)).join();
  if (!is_refusing) {
    GTEST_SKIP() << "no seccomp here";
  }
}

}  // namespace
}  // namespace fairlead::io
