// Accepts connections on one address for one loop and hands each to its owner. Listeners of several loops share an
// address (SO_REUSEPORT): the kernel spreads the connections. When descriptors run out it pauses and tries again.
// Thread rule: one loop thread. Lifetime: `on_connection` is called until close(); the listener outlives its scope of
// tasks.
#pragma once

#include <functional>

#include "base/log.hpp"
#include "base/result.hpp"
#include "io/event_loop.hpp"

namespace fairlead::io {

class Listener {
 public:
  /// The new connection's descriptor is the callee's; `peer` is the client's address.
  using OnConnection = std::function<void(int descriptor, const Address& peer)>;

  Listener(EventLoop& loop, const Log& log, OnConnection on_connection);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  /// Whether an address could be bound by us alone; a listener itself shares its port with whoever shares it too.
  static Result<void> probe(const Address& address);
  /// Binds and listens. Error: exhausted when the port is taken, refused when not permitted, unavailable when no
  /// interface has the address; `code` is the errno.
  Result<void> open(const Address& address);
  /// Begins to accept.
  void start();
  /// New connections wait in the kernel's backlog until resume(); one that was accepted already is still handed over.
  void pause();
  void resume();
  /// No connection is handed over any more. May be opened again.
  void close();
  /// With the real port when 0 was asked for.
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }

 private:
  static constexpr int backlog = 4096;
  static constexpr int accepts_per_turn_max = 64;  ///< so that new connections don't starve those at work
  static constexpr std::chrono::milliseconds pause_when_exhausted{100};

  static void on_accepted(Operation& operation);
  void accept_more();
  void accepted();
  void drop_accepted();

  EventLoop& loop_;
  const Log& log_;
  OnConnection on_connection_;
  Socket socket_;
  Address address_;
  Address peer_;
  Operation operation_;
  Timer retry_;     ///< after exhaustion
  EndOfTurn more_;  ///< what one turn left in the queue
  bool accepting_ = false;
  bool paused_ = false;
  bool said_exhausted_ = false;
};

}  // namespace fairlead::io
