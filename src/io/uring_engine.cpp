#include "io/uring_engine.hpp"

#include <poll.h>
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

constexpr std::uint64_t tag_mask = 7;
constexpr std::uint64_t wake_tag = 0;    // without a record
constexpr std::uint64_t cancel_tag = 7;  // without a record; nobody waits for it

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

std::size_t size_of(const Operation& operation) {
  std::size_t size = 0;
  for (std::uint32_t i = 0; i < operation.vector_count; ++i) {
    size += operation.vectors[i].iov_len;
  }
  return size;
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
  io_uring_register_ring_fd(&ring_);  // a little cheaper; works without as well
}

// --- Sockets ---

void UringEngine::take_record(Socket& socket) {
  if (free_ == nullptr) {
    records_.push_back(std::make_unique<Record>());
    free_ = records_.back().get();
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

// --- Requests to the kernel ---

void UringEngine::enlist(Record& record) {
  if (!record.is_listed) {
    record.is_listed = true;
    record.next = enlisted_;
    enlisted_ = &record;
  }
}

/// As far as there is room; the rest stays enlisted for the next turn.
void UringEngine::arm_enlisted() {
  while (enlisted_ != nullptr) {
    if (io_uring_sq_space_left(&ring_) < requests_a_socket_max) {
      io_uring_submit(&ring_);
      if (io_uring_sq_space_left(&ring_) < requests_a_socket_max) {
        return;
      }
    }
    Record& record = *std::exchange(enlisted_, enlisted_->next);
    record.is_listed = false;
    arm(record);
  }
}

/// Asks for what its parked operations wait for and nothing under way tells.
void UringEngine::arm(Record& record) {
  if (record.socket == nullptr) {
    for (const Request each : {receiving, polling_input, polling_output, polling_hang_up, sending}) {
      cancel_request(record, each);
    }
    if (record.in_flight == 0) {
      free(record);
    }
    return;
  }
  if (std::exchange(record.stops_receiving, false)) {
    cancel_request(record, receiving);
  }
  arm_input(record);
  arm_output(record);
  const Socket& socket = *record.socket;
  if (socket.watcher != nullptr && !record.has(receiving) && !record.has(polling_hang_up)) {
    // Multishot polls tell of changes: the end of the peer's half, which every poll tells, isn't told for ever.
    io_uring_sqe& submission = *io_uring_get_sqe(&ring_);
    io_uring_prep_poll_multishot(&submission, record.descriptor, 0);
    send_off(submission, record, polling_hang_up);
  }
}

void UringEngine::arm_input(Record& record) {
  Socket& socket = *record.socket;
  const bool is_accept = socket.reader != nullptr && socket.reader->kind == OperationKind::accept;
  const bool is_wanted = socket.reader != nullptr || socket.watcher != nullptr;
  if (!is_wanted || record.has(receiving) || record.has_heard()) {
    return;
  }
  if (!is_accept && !record.is_bulk) {
    io_uring_sqe& submission = *io_uring_get_sqe(&ring_);
    io_uring_prep_recv_multishot(&submission, record.descriptor, nullptr, 0, 0);
    submission.flags |= IOSQE_BUFFER_SELECT;
    submission.buf_group = UringBuffers::group;
    send_off(submission, record, receiving);
    socket.maybe_readable = false;
  } else if (socket.reader != nullptr && !record.has(polling_input)) {
    io_uring_sqe& submission = *io_uring_get_sqe(&ring_);
    io_uring_prep_poll_add(&submission, record.descriptor, POLLIN);
    send_off(submission, record, polling_input);
  }
}

void UringEngine::arm_output(Record& record) {
  const Socket& socket = *record.socket;
  if (socket.writer == nullptr || record.has(polling_output) || record.has(sending)) {
    return;
  }
  if (socket.maybe_writable && socket.writer->kind == OperationKind::send) {
    send_copy(record, *socket.writer);
    return;
  }
  io_uring_sqe& submission = *io_uring_get_sqe(&ring_);
  io_uring_prep_poll_add(&submission, record.descriptor, POLLOUT);
  send_off(submission, record, polling_output);
}

/// Copied, so that whatever the kernel does and whenever, it never reads what is the caller's.
void UringEngine::send_copy(Record& record, const Operation& operation) {
  char* begin = outgoing_.data() + outgoing_bytes_;
  char* end = begin;
  for (std::uint32_t i = 0; i < operation.vector_count; ++i) {
    const iovec& piece = operation.vectors[i];
    end = std::copy_n(static_cast<const char*>(piece.iov_base), piece.iov_len, end);
  }
  const auto size = static_cast<std::size_t>(end - begin);
  outgoing_bytes_ += size;
  io_uring_sqe& submission = *io_uring_get_sqe(&ring_);
  io_uring_prep_send(&submission, record.descriptor, begin, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  send_off(submission, record, sending);
}

void UringEngine::send_off(io_uring_sqe& submission, Record& record, Request request) {
  record.set(request);
  io_uring_sqe_set_data64(&submission, reinterpret_cast<std::uint64_t>(&record) | request);
}

void UringEngine::cancel_request(Record& record, Request request) {
  if (record.has(request)) {
    io_uring_sqe* submission = io_uring_get_sqe(&ring_);
    io_uring_prep_cancel64(submission, reinterpret_cast<std::uint64_t>(&record) | request, 0);
    io_uring_sqe_set_data64(submission, cancel_tag);
    submission->flags |= IOSQE_CQE_SKIP_SUCCESS;
  }
}

void UringEngine::poll_wake() {
  io_uring_sqe* submission = io_uring_get_sqe(&ring_);
  if (submission != nullptr) {
    is_wake_polled_ = true;
    io_uring_prep_poll_multishot(submission, wake_, POLLIN);
    io_uring_sqe_set_data64(submission, wake_tag);
  }
}

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

// --- What the kernel says ---

void UringEngine::reap() {
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    ++count;
    on_completion(*completion);
  }
  io_uring_cq_advance(&ring_, count);
}

void UringEngine::on_completion(const io_uring_cqe& completion) {
  const bool goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
  const std::uint64_t tag = completion.user_data & tag_mask;
  if (tag == wake_tag) {
    is_wake_polled_ = goes_on;
    return;
  }
  if (tag == cancel_tag) {
    return;
  }
  Record& record = *reinterpret_cast<Record*>(completion.user_data & ~tag_mask);
  const auto request = static_cast<Request>(tag);
  if (!goes_on) {
    record.clear(request);
  }
  if (request == receiving) {
    ++received_in_turn_;
    take_received(record, completion);
  }
  if (record.socket == nullptr) {
    if (record.in_flight == 0 && !record.is_listed) {
      free(record);
    }
    return;
  }
  Socket& socket = *record.socket;
  switch (request) {
    case receiving: on_received(record, completion); break;
    case polling_input:
      socket.maybe_readable = true;
      serve_parked(record, socket.reader);
      break;
    case polling_output:
      socket.maybe_writable = true;
      serve_parked(record, socket.writer);
      break;
    case sending: on_sent(record, completion.res); break;
    case polling_hang_up:
      if (completion.res > 0 && (completion.res & (POLLERR | POLLHUP)) != 0) {
        on_broken(record);
      }
      break;
  }
}

/// Nobody loses a buffer, whatever has become of the socket.
void UringEngine::take_received(Record& record, const io_uring_cqe& completion) {
  if ((completion.flags & IORING_CQE_F_BUFFER) == 0) {
    return;
  }
  const auto buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
  if (record.socket != nullptr && completion.res > 0) {
    buffers_.hold(record.held, buffer, static_cast<std::size_t>(completion.res));
  } else {
    buffers_.lend(buffer);
  }
}

void UringEngine::on_received(Record& record, const io_uring_cqe& completion) {
  Socket& socket = *record.socket;
  const bool is_full = completion.res == static_cast<int>(UringBuffers::buffer_bytes);
  if (record.has(receiving)) {
    if (is_full || record.held.count >= held_max) {
      stop_receiving(record);
    }
  } else if (completion.res == 0) {
    record.has_ended = true;
  } else if (completion.res > 0 || completion.res == -ECANCELED || completion.res == -EINTR) {
    socket.maybe_readable = true;
  } else if (completion.res == -ENOBUFS) {
    record.is_bulk = true;  // needs none
    socket.maybe_readable = true;
  } else {
    record.fault = -completion.res;
    on_broken(record);
  }
  serve_parked(record, socket.reader);
  if (!record.has(receiving) && socket.watcher != nullptr) {
    enlist(record);
  }
}

void UringEngine::on_sent(Record& record, std::int64_t result) {
  Socket& socket = *record.socket;
  if (socket.writer == nullptr || std::exchange(record.is_disowned, false)) {
    enlist(record);
    return;
  }
  Operation& operation = *socket.writer;
  if (result >= 0) {
    count_sent(operation, static_cast<std::size_t>(result));
  } else if (result != -EAGAIN && result != -EINTR) {
    end_parked(socket.writer, result);
    return;
  }
  if (operation.vector_count == 0) {
    end_parked(socket.writer, operation.sent);
  } else {
    socket.maybe_writable = false;
    enlist(record);
  }
}

void UringEngine::stop_receiving(Record& record) {
  if (!record.is_bulk) {
    record.is_bulk = true;
    record.stops_receiving = true;
    enlist(record);
  }
}

void UringEngine::on_broken(Record& record) {
  record.socket->is_broken = true;
  end_parked(record.socket->watcher, 0);
}

}  // namespace fairlead::io
