// The far end of a connection of a SimulatedEngine, moved by the test's script: it sends, ends, resets, stops reading,
// and remembers what was sent to it. Bytes for our side wait in the peer (unsent) until our side's receive window has
// room; bytes from our side wait in the peer's window until it reads. Callbacks run inside the engine's wait(), never
// inside a call of the code under test.
// Thread rule: the simulation's thread. Lifetime: the engine keeps every Peer until it ends itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "io/engine.hpp"

namespace fairlead::testing {

class SimulatedEngine;

class Peer {
 public:
  Peer(SimulatedEngine& engine, io::Address address) : engine_(engine), address_(address) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // What a script does.
  void send(std::string_view bytes);
  /// The first piece now, each next one `between` later.
  void send_in_pieces(std::string_view bytes, std::size_t piece_bytes, io::Clock::duration between);
  /// FIN, behind what was sent.
  void end();
  /// FIN, and whatever our side still sends is answered with a reset.
  void close();
  /// RST: what our side hasn't read of the window stays readable, what is unsent is lost.
  void reset();
  void stop_reading() { reading_ = false; }
  void resume_reading();
  /// Reads that much although stopped.
  void read(std::size_t bytes);
  /// Our side's send takes at most so many bytes until the peer has read: short writes.
  void set_window(std::size_t bytes) { window_ = bytes; }
  /// At most so many bytes wait for our side; the rest stays unsent.
  void set_receive_window(std::size_t bytes) { receive_window_ = bytes; }

  // What a script reacts to.
  std::function<void(Peer&)> on_received;  ///< more came; see received()
  std::function<void(Peer&)> on_end;       ///< our side ended or closed, after all of its bytes

  // What a test sees.
  [[nodiscard]] const std::string& received() const { return received_; }
  /// received(), and forgets it.
  std::string take_received() { return std::exchange(received_, {}); }
  [[nodiscard]] const io::Address& address() const { return address_; }
  /// Our side has accepted it, or connected to it.
  [[nodiscard]] bool is_connected() const { return descriptor_ >= 0; }
  /// Nobody listened.
  [[nodiscard]] bool is_refused() const { return refused_; }
  /// Our side's FIN came, after all of its bytes.
  [[nodiscard]] bool saw_end() const { return saw_end_; }
  /// Our side holds no descriptor of the connection any more.
  [[nodiscard]] bool saw_close() const { return closed_by_us_; }
  /// Our side closed while bytes lay unread there: a real peer gets a reset and may lose what it was sent.
  [[nodiscard]] bool saw_reset() const { return reset_by_us_; }
  [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }
  /// Sent and not read by our side yet.
  [[nodiscard]] std::size_t unread() const { return to_us_.size(); }
  /// Sent by our side and not read by the peer yet.
  [[nodiscard]] std::size_t pending() const { return from_us_.size(); }

 private:
  friend class SimulatedEngine;

  // The engine's calls, for our side; each gives bytes or -errno, -EAGAIN to park.
  std::int64_t give(char* memory, std::size_t bytes);
  std::int64_t take(const char* memory, std::size_t bytes);
  [[nodiscard]] bool is_broken() const { return reset_ || (ended_ && end_from_us_); }
  [[nodiscard]] bool has_news() const { return !to_us_.empty() || ended_ || reset_; }
  void ended_by_us();
  void dropped_by_us();

  void fill_window();
  void schedule_delivery();
  void deliver();

  SimulatedEngine& engine_;
  io::Address address_;
  int descriptor_ = -1;
  std::string to_us_;
  std::string unsent_;
  std::string from_us_;
  std::string received_;
  std::size_t window_ = std::size_t{64} * 1024;
  std::size_t receive_window_ = std::size_t{64} * 1024;
  bool reading_ = true;
  bool ending_ = false;  ///< FIN is to follow the unsent bytes
  bool ended_ = false;
  bool closed_ = false;
  bool reset_ = false;
  bool refused_ = false;
  bool end_from_us_ = false;
  bool saw_end_ = false;
  bool closed_by_us_ = false;
  bool reset_by_us_ = false;
  bool delivery_scheduled_ = false;
};

}  // namespace fairlead::testing
