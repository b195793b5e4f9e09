// One ground for one test text: a loop on an engine and far ends to talk to, either of the kernel (epoll or
// io_uring over real loopback sockets) or simulated. A test says what must hold on all; what only one can do is tested
// elsewhere.
// Thread rule: the test's thread. Lifetime: the bed outlives its far ends and all that runs on its loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/event_loop.hpp"

namespace fairlead::testing {

/// The other end of a connection.
class FarEnd {
 public:
  virtual ~FarEnd() = default;
  virtual void send(std::string_view bytes) = 0;
  virtual void end() = 0;
  virtual void reset() = 0;
  /// Takes nothing more in, so that our writes fill the window.
  virtual void stop_reading() = 0;
  virtual void resume_reading() = 0;
  /// All that came so far.
  virtual const std::string& received() = 0;
  virtual bool saw_end() = 0;
};

class TestBed {
 public:
  virtual ~TestBed() = default;
  virtual io::Engine& engine() = 0;
  virtual io::EventLoop& loop() = 0;
  /// Turns until the condition holds; false when it takes too long.
  virtual bool run_until(const std::function<bool()>& condition) = 0;
  /// A few turns without waiting: what is to happen now, happens.
  void settle();

  /// Somebody connects to a listening address of ours.
  virtual std::unique_ptr<FarEnd> connect(const io::Address& to) = 0;
  /// An address that accepts our connections; far_end() gives the first such, null until it is there.
  virtual io::Address open_backend() = 0;
  virtual std::unique_ptr<FarEnd> far_end() = 0;
  /// An address where nobody listens.
  virtual io::Address closed_address() = 0;
  /// An address on which another process listens that doesn't share it.
  virtual io::Address taken_address() = 0;

  /// An accepted connection, to be attached, and its far end.
  struct Accepted {
    int descriptor = -1;
    std::unique_ptr<FarEnd> far;
  };
  Accepted accept();
  io::TimePoint in(io::Clock::duration duration) { return loop().now() + duration; }

  static std::unique_ptr<TestBed> make(const std::string& kind);
  /// For test parameters: all that this machine allows. The test UringEngine.IsWhatTheKernelAllows says it when
  /// io_uring isn't among them.
  static std::vector<const char*> kinds();
  static std::vector<const char*> kernel_kinds();
};

}  // namespace fairlead::testing
