// What UringEngine asks of the kernel, and what the kernel says: the only two places where requests begin and end.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/socket_calls.hpp"
#include "io/uring_engine.hpp"

namespace fairlead::io {
namespace {

constexpr std::uint64_t tag_mask = 7;
constexpr std::uint64_t wake_tag = 0;    // without a record
constexpr std::uint64_t cancel_tag = 7;  // without a record; nobody waits for it

}  // namespace

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
  const bool is_gathered = socket.maybe_writable && socket.writer->kind == OperationKind::send;
  if (is_gathered && size_of(*socket.writer) <= outgoing_.size() - outgoing_bytes_) {
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
  Record& record = *reinterpret_cast<Record*>(static_cast<char*>(io_uring_cqe_get_data(&completion)) - tag);
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
  const bool is_disowned = std::exchange(record.is_disowned, false);
  if (is_disowned || socket.writer == nullptr) {
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
