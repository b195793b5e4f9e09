#include "support/test_bed.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/check.hpp"
#include "io/epoll_engine.hpp"
#include "io/uring_engine.hpp"
#include "support/simulation.hpp"

namespace fairlead::testing {
namespace {

io::Address loopback() {
  return *io::Address::from_ip("127.0.0.1", 0);
}

class KernelEnd final : public FarEnd {
 public:
  explicit KernelEnd(int descriptor) : descriptor_(descriptor) {
    ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  }
  KernelEnd(const KernelEnd&) = delete;
  KernelEnd& operator=(const KernelEnd&) = delete;
  ~KernelEnd() override {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  void send(std::string_view bytes) override {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    check(sent == static_cast<ssize_t>(bytes.size()), "a test sends more than loopback takes at once");
  }
  void end() override { ::shutdown(descriptor_, SHUT_WR); }
  void reset() override {
    const linger at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(descriptor_, -1));
  }
  void stop_reading() override { reading_ = false; }
  void resume_reading() override { reading_ = true; }
  const std::string& received() override {
    char memory[64 * 1024];
    while (reading_ && !saw_end_) {
      const ssize_t count = ::recv(descriptor_, memory, sizeof memory, 0);
      if (count < 0) {
        break;
      }
      saw_end_ = count == 0;
      received_.append(memory, static_cast<std::size_t>(count));
    }
    return received_;
  }
  bool saw_end() override {
    received();
    return saw_end_;
  }

 private:
  int descriptor_;
  bool reading_ = true;
  bool saw_end_ = false;
  std::string received_;
};

template <typename KernelEngine>
class KernelBed final : public TestBed {
 public:
  KernelBed() { check(!engine_.failure(), "the kernel refuses this engine"); }
  ~KernelBed() override {
    for (const int descriptor : listening_) {
      ::close(descriptor);
    }
  }

  io::Engine& engine() override { return engine_; }
  io::EventLoop& loop() override { return loop_; }
  bool run_until(const std::function<bool()>& condition) override {
    const io::TimePoint end = engine_.now() + std::chrono::seconds(20);
    while (!condition()) {
      if (engine_.now() > end) {
        return false;
      }
      loop_.run_once(engine_.now() + std::chrono::milliseconds(2));  // the far end is this thread's to move, too
    }
    return true;
  }

  std::unique_ptr<FarEnd> connect(const io::Address& to) override {
    const int descriptor = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(::connect(descriptor, to.get(), to.length()) == 0, "a test can't connect over loopback");
    return std::make_unique<KernelEnd>(descriptor);
  }
  io::Address open_backend() override { return listen(true); }
  std::unique_ptr<FarEnd> far_end() override {
    const int descriptor = ::accept4(listening_.back(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return descriptor < 0 ? nullptr : std::make_unique<KernelEnd>(descriptor);
  }
  io::Address closed_address() override { return listen(false); }
  io::Address taken_address() override { return listen(true); }

 private:
  /// Bound, so that nobody else gets the port; refuses as long as it doesn't listen.
  io::Address listen(bool listening) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const io::Address any = loopback();
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    check(::bind(descriptor, any.get(), any.length()) == 0, "no loopback port for a test");
    check(!listening || ::listen(descriptor, 16) == 0, "a test can't listen");
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &length);
    listening_.push_back(descriptor);
    return {reinterpret_cast<sockaddr*>(&bound), length};
  }

  KernelEngine engine_;
  io::EventLoop loop_{engine_};
  std::vector<int> listening_;
};

class SimulatedEnd final : public FarEnd {
 public:
  explicit SimulatedEnd(Peer& peer) : peer_(peer) {}
  void send(std::string_view bytes) override { peer_.send(bytes); }
  void end() override { peer_.end(); }
  void reset() override { peer_.reset(); }
  void stop_reading() override { peer_.stop_reading(); }
  void resume_reading() override { peer_.resume_reading(); }
  const std::string& received() override { return peer_.received(); }
  bool saw_end() override { return peer_.saw_end(); }

 private:
  Peer& peer_;
};

class SimulatedBed final : public TestBed {
 public:
  io::Engine& engine() override { return world_.engine(); }
  io::EventLoop& loop() override { return world_.loop(); }
  bool run_until(const std::function<bool()>& condition) override { return world_.run_until(condition); }
  std::unique_ptr<FarEnd> connect(const io::Address& to) override {
    return std::make_unique<SimulatedEnd>(world_.engine().connect(to));
  }
  io::Address open_backend() override {
    const io::Address address = *io::Address::parse("127.0.0.1:7001");
    world_.engine().serve(address, [this](Peer& peer) { backend_ = &peer; });
    return address;
  }
  std::unique_ptr<FarEnd> far_end() override {
    return backend_ == nullptr ? nullptr : std::make_unique<SimulatedEnd>(*backend_);
  }
  io::Address closed_address() override { return *io::Address::parse("127.0.0.1:7002"); }
  io::Address taken_address() override {
    const io::Address address = *io::Address::parse("127.0.0.1:7003");
    world_.engine().take_port(address);
    return address;
  }

 private:
  Simulation world_;
  Peer* backend_ = nullptr;
};

}  // namespace

void TestBed::settle() {
  for (int turns = 0; turns < 10; ++turns) {
    loop().run_once(loop().now());
  }
}

TestBed::Accepted TestBed::accept() {
  io::Socket listening;
  io::Address address = loopback();
  check(engine().listen(listening, address, 1) == 0, "a test can't listen");
  Accepted accepted;
  accepted.far = connect(address);
  io::Operation operation;
  bool done = false;
  operation.kind = io::OperationKind::accept;
  operation.socket = &listening;
  operation.context = &done;
  operation.on_complete = [](io::Operation& completed) { *static_cast<bool*>(completed.context) = true; };
  done = engine().submit(operation);
  check(run_until([&] { return done; }), "a connection that nobody accepts");
  accepted.descriptor = static_cast<int>(operation.result);
  engine().close(listening);
  return accepted;
}

std::vector<const char*> TestBed::kinds() {
  std::vector<const char*> kinds = kernel_kinds();
  kinds.push_back("simulated");
  return kinds;
}

std::vector<const char*> TestBed::kernel_kinds() {
  std::vector<const char*> kinds{"epoll"};
  if (!io::UringEngine().failure()) {
    kinds.push_back("io_uring");
  }
  return kinds;
}

std::unique_ptr<TestBed> TestBed::make(const std::string& kind) {
  if (kind == "epoll") {
    return std::make_unique<KernelBed<io::EpollEngine>>();
  }
  if (kind == "io_uring") {
    return std::make_unique<KernelBed<io::UringEngine>>();
  }
  return std::make_unique<SimulatedBed>();
}

}  // namespace fairlead::testing
