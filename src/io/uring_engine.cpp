#include "io/uring_engine.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.hpp"
#include "io/socket_calls.hpp"

namespace fairlead::io {
namespace {

bool knows_opcodes(io_uring& ring) {
  io_uring_probe* probe = io_uring_get_probe_ring(&ring);
  if (probe == nullptr) {
    return false;
  }
  const std::array needed{IORING_OP_RECV, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL};
  const bool knows = std::ranges::all_of(needed, [&](int opcode) { return io_uring_opcode_supported(probe, opcode); });
  io_uring_free_probe(probe);
  return knows;
}

__kernel_timespec time_left(TimePoint until) {
  const auto left = std::max(until - Clock::now(), Clock::duration{0});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
}

}  // namespace

UringEngine::UringEngine() {
  failure_ = set_up();  // once all members have their first values
}

UringEngine::~UringEngine() {
  if (ring_.ring_fd > 0) {
    io_uring_queue_exit(&ring_);
  }
  if (wake_ >= 0) {
    ::close(wake_);
  }
}

UringEngine::Failure UringEngine::set_up() {
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0) {
    return {"eventfd", errno};
  }
  io_uring_params params{};
  // Disabled until its thread is there: the ring belongs to the thread that enables it.
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = completions_max;
  int failed = io_uring_queue_init_params(submissions_max, &ring_, &params);
  if (failed != 0) {
    ring_ = {};
    return {"io_uring_setup", -failed};
  }
  if ((params.features & IORING_FEAT_EXT_ARG) == 0 || !knows_opcodes(ring_)) {
    return {"the operations needed", EOPNOTSUPP};
  }
  failed = buffers_.lend_all(ring_);
  if (failed != 0) {
    return {"a ring of buffers", -failed};
  }
  return {};
}

void UringEngine::own_ring() {
  is_owned_ = true;
  // liburing 2.3 has a function for this call but doesn't export it.
  const int failed = io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  check(failed == 0, "the kernel enables the ring that it made");
}

// --- Sockets ---

void UringEngine::take_record(Socket& socket) {
  if (free_ == nullptr) {
    free_ = &records_.emplace_back();
  }
  Record& record = *std::exchange(free_, free_->next);
  record = Record{};
  record.socket = &socket;
  record.descriptor = socket.descriptor;
  const auto index = static_cast<std::size_t>(socket.descriptor);
  if (index >= by_descriptor_.size()) {
    by_descriptor_.resize(2 * index + 1);
  }
  by_descriptor_[index] = &record;
}

void UringEngine::free(Record& record) {
  record.next = free_;
  free_ = &record;
}

int UringEngine::open(Socket& socket, const Address& address) {
  const int failed = open_socket(socket, address);
  if (failed == 0) {
    take_record(socket);
  }
  return failed;
}

int UringEngine::listen(Socket& socket, Address& address, int backlog) {
  const int failed = open_listening_socket(socket, address, backlog);
  if (failed == 0) {
    take_record(socket);
  }
  return failed;
}

int UringEngine::attach(Socket& socket, int descriptor) {
  adopt_socket(socket, descriptor);
  take_record(socket);
  return 0;
}

void UringEngine::close(Socket& socket) {
  if (!socket.is_open()) {
    return;
  }
  send_untried(socket);
  for (Operation** slot : {&socket.reader, &socket.writer, &socket.watcher}) {
    end_parked(*slot, -ECANCELED);
  }
  if (io_uring_sq_ready(&ring_) != 0) {
    io_uring_submit(&ring_);  // what is still to be submitted names the descriptor, which the next socket may get
  }
  Record& record = record_of(socket);
  buffers_.drop(record.held);
  record.socket = nullptr;
  by_descriptor_[static_cast<std::size_t>(socket.descriptor)] = nullptr;
  ::close(std::exchange(socket.descriptor, -1));
  if (record.in_flight != 0) {
    enlist(record);  // its requests keep the kernel's socket until they are cancelled
  } else if (!record.is_listed) {
    free(record);
  }
}

void UringEngine::shutdown_send(Socket& socket) {
  if (socket.is_open()) {
    send_untried(socket);
    ::shutdown(socket.descriptor, SHUT_WR);
  }
}

bool UringEngine::is_quiet(Socket& socket, bool ask_kernel) {
  if (!socket.is_open()) {
    return false;
  }
  const Record& record = record_of(socket);
  if (record.has_heard()) {
    return false;
  }
  const bool would_hear = record.has(receiving) || (record.has(polling_input) && !socket.maybe_readable);
  return (would_hear && !ask_kernel) || !has_news(socket);
}

// --- Operations ---

bool UringEngine::submit(Operation& operation) {
  Socket& socket = *operation.socket;
  operation.sent = 0;
  if (!socket.is_open()) {
    operation.result = -ECANCELED;
    return true;
  }
  Operation*& slot = slot_of(operation);
  check(slot == nullptr, "two operations of one direction on a socket");
  Record& record = record_of(socket);
  if (try_now(record, operation)) {
    return true;
  }
  slot = &operation;
  if (!record.has(receiving) || &slot == &socket.writer) {
    enlist(record);
  }
  return false;
}

bool UringEngine::try_now(Record& record, Operation& operation) {
  Socket& socket = *record.socket;
  switch (operation.kind) {
    case OperationKind::accept: return socket.maybe_readable && try_accept(operation);
    case OperationKind::receive: return receive_now(record, operation);
    case OperationKind::readable: return readable_now(record, operation);
    case OperationKind::send: return socket.maybe_writable && send_now(operation);
    case OperationKind::broken: operation.result = 0; return socket.is_broken;
    case OperationKind::connect:
      if (!try_connect(operation)) {
        return false;
      }
      socket.maybe_writable = operation.result == 0;
      return true;
  }
  return true;
}

std::size_t UringEngine::size_of(const Operation& operation) {
  std::size_t size = 0;
  for (std::uint32_t i = 0; i < operation.vector_count; ++i) {
    size += operation.vectors[i].iov_len;
  }
  return size;
}

/// False also for one that is to go with the turn's call: worth a try, and parked.
bool UringEngine::send_now(Operation& operation) {
  if (received_in_turn_ >= gathers_from) {
    const std::size_t size = size_of(operation);
    if (size != 0 && size <= std::min(gathered_send_max, outgoing_.size() - gathered_bytes_)) {
      gathered_bytes_ += size;
      return false;
    }
  }
  return try_send(operation);
}

/// What waits for the turn's call goes before what can't wait.
void UringEngine::send_untried(Socket& socket) {
  Operation* operation = socket.writer;
  if (operation != nullptr && operation->kind == OperationKind::send && socket.maybe_writable && try_send(*operation)) {
    end_parked(socket.writer, operation->result);
  }
}

bool UringEngine::receive_now(Record& record, Operation& operation) {
  Socket& socket = *record.socket;
  const iovec& memory = operation.vectors[0];
  if (memory.iov_len == 0) {
    operation.result = -EINVAL;  // 0 would mean the end
    return true;
  }
  if (record.has_heard()) {
    operation.result = !record.held.empty() ? static_cast<std::int64_t>(buffers_.copy_out(
                                                  record.held, {static_cast<char*>(memory.iov_base), memory.iov_len}))
                                            : -record.fault;
    return true;
  }
  // While a receive is armed, bytes that the kernel has are behind those on their way through the ring.
  if (record.has(receiving) || !socket.maybe_readable || !try_receive(operation)) {
    return false;
  }
  record.has_ended = operation.result == 0;
  record.fault = operation.result < 0 ? static_cast<int>(-operation.result) : 0;
  record.is_bulk = operation.result >= static_cast<std::int64_t>(UringBuffers::buffer_bytes);
  return true;
}

bool UringEngine::readable_now(Record& record, Operation& operation) {
  operation.result = 0;
  Socket& socket = *record.socket;
  return record.has_heard() || (!record.has(receiving) && socket.maybe_readable && has_news(socket));
}

void UringEngine::cancel(Operation& operation) {
  Operation*& slot = slot_of(operation);
  if (slot == &operation) {
    Record& record = record_of(*operation.socket);
    record.is_disowned = record.is_disowned || (&slot == &operation.socket->writer && record.has(sending));
    end_parked(slot, -ECANCELED);
  }
}

void UringEngine::end_parked(Operation*& slot, std::int64_t result) {
  if (slot != nullptr) {
    slot->result = result;
    completed_.push(*std::exchange(slot, nullptr));
  }
}

/// What was heard may be what the parked operation waits for; else it goes on waiting.
void UringEngine::serve_parked(Record& record, Operation*& slot) {
  if (slot == nullptr) {
    return;
  }
  if (slot->kind == OperationKind::connect) {
    connect_outcome(*slot);
    end_parked(slot, slot->result);
  } else if (try_now(record, *slot)) {
    end_parked(slot, slot->result);
  } else {
    enlist(record);
  }
}

// --- Turns ---

void UringEngine::wait(TimePoint until) {
  if (!is_owned_) {
    own_ring();
  }
  if (!is_wake_polled_) {
    poll_wake();
  }
  arm_enlisted();
  if (completed_.empty() && enlisted_ == nullptr && is_wake_polled_) {
    __kernel_timespec left = time_left(until);
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &left, nullptr);
  } else {
    io_uring_submit_and_get_events(&ring_);
  }
  if (enlisted_ == nullptr && io_uring_sq_ready(&ring_) == 0) {
    gathered_bytes_ = outgoing_bytes_ = 0;  // each send was made within the call, with whatever success
  }
  received_in_turn_ = 0;
  reap();
}

void UringEngine::wake() {
  // Never read: the poll tells of every write, and the counter lasts.
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

}  // namespace fairlead::io
