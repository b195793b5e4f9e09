// What the engines ask of a kernel socket, without blocking: one attempt each, its outcome in the Operation and in the
// Socket's hints. Used by epoll_engine and uring_engine alone, which differ in how they hear that another try is due.
// Thread rule: the loop's thread. Lifetime: nothing is kept.
#pragma once

#include "io/engine.hpp"

namespace fairlead::io {

/// A new stream socket for the address' family in `socket`; 0 or -errno.
int open_socket(Socket& socket, const Address& address);
/// The same, bound to `address` (which gets the real port) and listening, shared between workers; 0 or -errno.
int open_listening_socket(Socket& socket, Address& address, int backlog);
/// What accept gave, in `socket`; bytes often came with the connection, so both directions are worth a try.
void adopt_socket(Socket& socket, int descriptor);

// Each try_* returns true when the operation has its result, false when the kernel would block.

bool try_accept(Operation& operation);
/// Less than asked for means drained, unless the peer's end was announced and is still to be read.
bool try_receive(Operation& operation);
bool try_send(Operation& operation);
/// The kernel took `count` bytes of a send.
void count_sent(Operation& operation, std::size_t count);
/// False: under way; connect_outcome() tells once the socket is writable.
bool try_connect(Operation& operation);
void connect_outcome(Operation& operation);

/// Asks the kernel without consuming. True: bytes, the end or an error are there.
bool has_news(Socket& socket);

}  // namespace fairlead::io
