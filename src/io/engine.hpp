// The one seam to the kernel: completion-shaped operations on sockets. An Operation is submitted; it completes at once
// (submit returns true) or later, when wait() has put it on the list of completed ones. epoll_engine tries the call,
// parks on "would block" and does it when the kernel says ready; uring_engine is brought bytes and gathers small sends;
// the simulated one of the tests plays scripted peers in virtual time. No method is meaningless on any of them.
// Thread rule: everything but wake() on the loop's thread.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstdint>

#include "io/address.hpp"

namespace fairlead::io {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

struct Operation;

/// A kernel socket as an engine sees it: at most one operation that reads, one that writes and one that watches.
/// Owned by a stream or listener; stays where it is while attached.
struct Socket {
  int descriptor = -1;
  bool maybe_readable = false;  ///< a receive is worth a try
  bool maybe_writable = false;
  bool hung_up = false;    ///< the peer's end was announced: a short receive doesn't mean drained
  bool is_broken = false;  ///< reset, or both halves ended
  Operation* reader = nullptr;
  Operation* writer = nullptr;
  Operation* watcher = nullptr;

  [[nodiscard]] bool is_open() const { return descriptor >= 0; }
};

enum class OperationKind : std::uint8_t {
  accept,    ///< result: the new connection's descriptor, non-blocking; `peer` is filled
  connect,   ///< to *address; result 0
  receive,   ///< into vectors[0]; result: bytes, 0 at the end of the stream
  readable,  ///< bytes, the end or an error are there to be received; result 0. Holds no buffer.
  broken,    ///< the peer reset the connection, or both halves have ended; result 0
  send,      ///< all of vectors[0..count), which are consumed; result: bytes
};

struct Operation {
  OperationKind kind = OperationKind::receive;
  std::uint32_t vector_count = 0;
  iovec* vectors = nullptr;
  Socket* socket = nullptr;
  Address* address = nullptr;  ///< connect: to; accept: filled with the peer's, when not null

  std::int64_t result = 0;  ///< as said for the kind, or -errno; -ECANCELED after cancel()

  /// Called by the loop when an operation that was parked has completed.
  void (*on_complete)(Operation&) = nullptr;
  void* context = nullptr;

  // For the engine:
  Operation* next = nullptr;
  std::int64_t sent = 0;
};

/// Where a socket keeps a parked operation of this kind.
Operation*& slot_of(Operation& operation);

/// Completed operations in order, intrusive.
class CompletedList {
 public:
  void push(Operation& operation);
  /// nullptr when empty.
  Operation* pop();
  /// Takes `operation` out before its turn; false when it isn't there.
  bool remove(Operation& operation);
  [[nodiscard]] bool empty() const { return first_ == nullptr; }

 private:
  Operation* first_ = nullptr;
  Operation* last_ = nullptr;
};

class Engine {
 public:
  virtual ~Engine() = default;

  /// A new stream socket for the address' family, attached to `socket`; 0 or -errno.
  virtual int open(Socket& socket, const Address& address) = 0;
  /// A listening socket bound to `address` (which gets the real port), shared between workers; 0 or -errno.
  virtual int listen(Socket& socket, Address& address, int backlog) = 0;
  /// Takes over a descriptor that accept gave; 0 or -errno.
  virtual int attach(Socket& socket, int descriptor) = 0;
  /// Closes; operations that were parked complete with -ECANCELED.
  virtual void close(Socket& socket) = 0;
  /// Ends the sending half (FIN).
  virtual void shutdown_send(Socket& socket) = 0;
  /// The peer has sent nothing and not ended the stream, as far as the engine has heard; `ask_kernel` looks as well at
  /// what it hasn't heard of yet, without consuming it.
  virtual bool is_quiet(Socket& socket, bool ask_kernel) = 0;

  /// True: completed, `result` is there. False: parked; it will be on completed().
  virtual bool submit(Operation& operation) = 0;
  /// A parked operation is on completed() with -ECANCELED when this returns; one that has completed isn't changed.
  virtual void cancel(Operation& operation) = 0;

  /// Waits for completions until `until` at most; returns at once if some are there.
  virtual void wait(TimePoint until) = 0;
  /// Ends a wait() from any thread.
  virtual void wake() = 0;
  /// Time as the engine has it: the steady clock, or the simulation's.
  virtual TimePoint now() = 0;

  CompletedList& completed() { return completed_; }

 protected:
  CompletedList completed_;
};

}  // namespace fairlead::io
