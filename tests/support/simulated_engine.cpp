#include "support/simulated_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <ranges>

#include "base/check.hpp"

namespace fairlead::testing {

using io::Operation;
using io::OperationKind;
using io::Socket;

namespace {

/// Takes `count` sent bytes off the operation's pieces.
void consume(Operation& operation, std::size_t count) {
  iovec& piece = *operation.vectors;
  operation.sent += static_cast<std::int64_t>(count);
  piece.iov_base = static_cast<char*>(piece.iov_base) + count;
  piece.iov_len -= count;
  if (piece.iov_len == 0) {
    ++operation.vectors;
    --operation.vector_count;
  }
}

}  // namespace

void SimulatedEngine::after(Duration delay, Act act) {
  events_.emplace(now_ + delay, std::move(act));
}

Peer& SimulatedEngine::add_peer(const io::Address& address) {
  peers_.push_back(std::make_unique<Peer>(*this, address));
  return *peers_.back();
}

Peer& SimulatedEngine::connect(const io::Address& to) {
  return connect(to, *io::Address::from_ip("127.0.0.1", next_port_++));
}

Peer& SimulatedEngine::connect(const io::Address& to, const io::Address& from) {
  Peer& peer = add_peer(from);
  for (Port& port : ports_ | std::views::values) {
    if (port.address == to.text()) {
      port.backlog.push_back(&peer);
      return peer;
    }
  }
  peer.refused_ = true;
  return peer;
}

void SimulatedEngine::serve(const io::Address& at, OnConnection on_connection, Duration delay) {
  backends_[at.text()] = Backend{std::move(on_connection), delay};
}

void SimulatedEngine::fail_accepts(int error_number, int times) {
  accept_failure_ = {error_number, times};
}

void SimulatedEngine::fail_opens(int error_number, int times) {
  open_failure_ = {error_number, times};
}

int SimulatedEngine::open(Socket& socket, const io::Address&) {
  const int failed = open_failure_.next();
  if (failed == 0) {
    socket = Socket{};
    socket.descriptor = next_descriptor_++;
    connections_[socket.descriptor].socket = &socket;
  }
  return failed;
}

int SimulatedEngine::listen(Socket& socket, io::Address& address, int) {
  if (address.port() == 0) {
    address.set_port(next_port_++);
  }
  if (std::ranges::find(taken_, address.text()) != taken_.end()) {
    return -EADDRINUSE;
  }
  socket = Socket{};
  socket.descriptor = next_descriptor_++;
  ports_[socket.descriptor] = Port{&socket, address.text(), {}};
  return 0;
}

int SimulatedEngine::attach(Socket& socket, int descriptor) {
  const auto found = connections_.find(descriptor);
  if (found == connections_.end() || found->second.socket != nullptr) {
    return -EBADF;
  }
  socket = Socket{};
  socket.descriptor = descriptor;
  found->second.socket = &socket;
  return 0;
}

void SimulatedEngine::close(Socket& socket) {
  for (Operation* parked : {socket.reader, socket.writer, socket.watcher}) {
    if (parked != nullptr) {
      cancel(*parked);
    }
  }
  const auto port = ports_.find(socket.descriptor);
  if (port != ports_.end()) {
    std::ranges::for_each(port->second.backlog, [](Peer* peer) { peer->reset(); });
    ports_.erase(port);
  } else if (socket.is_open()) {
    if (Peer* peer = connection_of(socket).peer) {
      peer->dropped_by_us();
    }
    connections_.erase(socket.descriptor);
  }
  socket.descriptor = -1;
}

void SimulatedEngine::shutdown_send(Socket& socket) {
  if (socket.is_open() && connection_of(socket).peer != nullptr) {
    connection_of(socket).peer->ended_by_us();
  }
}

bool SimulatedEngine::is_quiet(Socket& socket, bool) {
  const Peer* peer = connection_of(socket).peer;
  return peer != nullptr && !peer->has_news();
}

bool SimulatedEngine::submit(Operation& operation) {
  Socket& socket = *operation.socket;
  operation.sent = 0;
  if (!socket.is_open()) {
    operation.result = -ECANCELED;
    return true;
  }
  Operation*& slot = slot_of(operation);
  check(slot == nullptr, "two operations of one direction on a socket");
  if (operation.kind == OperationKind::connect) {
    begin_connect(socket.descriptor, operation.address->text());
  } else if (try_now(operation)) {
    return true;
  }
  slot = &operation;
  return false;
}

void SimulatedEngine::cancel(Operation& operation) {
  Operation*& slot = slot_of(operation);
  if (slot == &operation) {
    slot = nullptr;
    operation.result = -ECANCELED;
    completed_.push(operation);
  }
}

void SimulatedEngine::begin_connect(int descriptor, const std::string& address) {
  const auto backend = backends_.find(address);
  if (backend == backends_.end()) {
    after(Duration{0}, [this, descriptor] {
      const auto found = connections_.find(descriptor);
      if (found != connections_.end()) {
        found->second.connect_result = -ECONNREFUSED;
      }
    });
  } else if (backend->second.on_connection) {
    after(backend->second.delay, [this, descriptor, address] { establish(descriptor, address); });
  }
}

void SimulatedEngine::establish(int descriptor, const std::string& address) {
  const auto found = connections_.find(descriptor);
  if (found == connections_.end()) {
    return;
  }
  const auto backend = backends_.find(address);
  if (backend == backends_.end() || !backend->second.on_connection) {
    found->second.connect_result = -ECONNREFUSED;
    return;
  }
  Peer& peer = add_peer(io::Address::parse(address).value_or(io::Address{}));
  peer.descriptor_ = descriptor;
  found->second.peer = &peer;
  found->second.connect_result = 0;
  const OnConnection on_connection = backend->second.on_connection;  // the script may change it from within
  on_connection(peer);
}

bool SimulatedEngine::try_now(Operation& operation) {
  switch (operation.kind) {
    case OperationKind::accept: return try_accept(operation);
    case OperationKind::connect: return try_connect(operation);
    case OperationKind::receive: return try_receive(operation);
    case OperationKind::send: return try_send(operation);
    case OperationKind::readable: {
      operation.result = 0;
      const Peer* peer = connection_of(*operation.socket).peer;
      return peer == nullptr || peer->has_news();
    }
    case OperationKind::broken: {
      operation.result = 0;
      const Peer* peer = connection_of(*operation.socket).peer;
      return peer != nullptr && peer->is_broken();
    }
  }
  return true;
}

bool SimulatedEngine::try_accept(Operation& operation) {
  std::deque<Peer*>& backlog = ports_.at(operation.socket->descriptor).backlog;
  if (backlog.empty()) {
    return false;
  }
  operation.result = accept_failure_.next();
  if (operation.result != 0) {
    return true;
  }
  Peer& peer = *backlog.front();
  backlog.pop_front();
  peer.descriptor_ = next_descriptor_++;
  connections_[peer.descriptor_] = Connection{nullptr, &peer, 0};
  if (operation.address != nullptr) {
    *operation.address = peer.address();
  }
  operation.result = peer.descriptor_;
  return true;
}

bool SimulatedEngine::try_connect(Operation& operation) {
  operation.result = connection_of(*operation.socket).connect_result;
  return operation.result != -EINPROGRESS;
}

bool SimulatedEngine::try_receive(Operation& operation) {
  Peer* peer = connection_of(*operation.socket).peer;
  const iovec& memory = operation.vectors[0];
  if (memory.iov_len == 0) {
    operation.result = -EINVAL;
    return true;
  }
  operation.result = peer == nullptr ? -ENOTCONN : peer->give(static_cast<char*>(memory.iov_base), memory.iov_len);
  return operation.result != -EAGAIN;
}

bool SimulatedEngine::try_send(Operation& operation) {
  Peer* peer = connection_of(*operation.socket).peer;
  while (operation.vector_count > 0) {
    const iovec& piece = operation.vectors[0];
    operation.result = peer == nullptr ? -ENOTCONN : peer->take(static_cast<char*>(piece.iov_base), piece.iov_len);
    if (operation.result < 0) {
      return operation.result != -EAGAIN;
    }
    consume(operation, static_cast<std::size_t>(operation.result));
  }
  operation.result = operation.sent;
  return true;
}

SimulatedEngine::Connection& SimulatedEngine::connection_of(const Socket& socket) {
  const auto found = connections_.find(socket.descriptor);
  check(found != connections_.end(), "a socket that the engine doesn't know");
  return found->second;
}

bool SimulatedEngine::run_due() {
  // What these add for now comes next time, so that our side gets its turn in between.
  std::vector<Act> due;
  while (!events_.empty() && events_.begin()->first <= now_) {
    due.push_back(std::move(events_.begin()->second));
    events_.erase(events_.begin());
  }
  for (const Act& act : due) {
    act();
  }
  return !due.empty();
}

void SimulatedEngine::complete_parked(Socket* socket) {
  if (socket == nullptr) {
    return;
  }
  for (Operation** slot : {&socket->reader, &socket->writer, &socket->watcher}) {
    if (*slot != nullptr && try_now(**slot)) {
      completed_.push(*std::exchange(*slot, nullptr));
    }
  }
}

void SimulatedEngine::complete_what_can() {
  // By descriptor: accepts add connections, which come behind.
  for (Port& port : ports_ | std::views::values) {
    complete_parked(port.socket);
  }
  for (Connection& connection : connections_ | std::views::values) {
    complete_parked(connection.socket);
  }
}

void SimulatedEngine::wait(io::TimePoint until) {
  const bool ran = run_due();
  complete_what_can();
  if (woken_.exchange(false) || ran || !completed_.empty()) {
    return;
  }
  const io::TimePoint next = events_.empty() ? until : std::min(until, events_.begin()->first);
  now_ = std::max(now_, next);
  run_due();
  complete_what_can();
}

bool SimulatedEngine::is_settled() const {
  return completed_.empty() && !woken_.load() && (events_.empty() || events_.begin()->first > now_);
}

}  // namespace fairlead::testing
