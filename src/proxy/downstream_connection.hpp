// A client's connection, told from top to bottom: wait for a request, read its head, have it served, and again. It
// knows HTTP/1.1's rules for a connection (keep-alive, pipelining in order, strict heads, time limits) and nothing of
// routes or backends: whoever serves is a Service (the proxy's Exchange, the admin API).
// While it waits for a request it holds no buffer and no head.
// Thread rule: one loop thread. Lifetime: run() ends before it is destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/http/head_parser.hpp"
#include "core/http/message.hpp"
#include "core/http/problem.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"

namespace fairlead::proxy {

/// What one request needs besides its bytes; recycled, so that a request in steady state allocates nothing.
struct RequestMemory {
  http::RequestHead request;
  http::ResponseHead response;
  std::string upstream_head;
  std::string downstream_head;
  std::string path;
  std::string query;
  std::string lead;
};

class RequestMemoryPool {
 public:
  static constexpr std::size_t kept_max = 256;
  std::unique_ptr<RequestMemory> take();
  void give_back(std::unique_ptr<RequestMemory> memory);

 private:
  std::vector<std::unique_ptr<RequestMemory>> kept_;
};

class DownstreamConnection;

/// How a request ended, for its connection.
enum class Served : std::uint8_t {
  keep_open,     ///< the next request may be served
  close,         ///< answered whole, its bytes all read
  close_unread,  ///< answered, but bytes of the request may still be on their way
  broken,        ///< the answer didn't go out whole: end the connection so that it shows
};

/// What a connection may do; asked before each request.
struct ConnectionPolicy {
  http::HeadLimits limits;
  std::chrono::milliseconds header{10'000};
  std::chrono::milliseconds keep_alive{75'000};
  std::chrono::milliseconds write{60'000};  ///< for an error of ours to be taken
};

class Service {
 public:
  virtual ~Service() = default;
  [[nodiscard]] virtual ConnectionPolicy policy() const = 0;
  /// Serves the request whose head is in client.memory().
  virtual io::Task<Served> serve(DownstreamConnection& client) = 0;
  /// What the answer to a refused request says as its Date.
  [[nodiscard]] virtual std::string_view date() = 0;
  /// A request was refused before its head was complete: the error says why, `status` what was answered (0: nothing).
  virtual void refused(const Error& error, int status) = 0;
};

/// Told when a client goes away while its request is served.
class ClientGone {
 public:
  virtual void client_gone() = 0;

 protected:
  ~ClientGone() = default;
};

class DownstreamConnection {
 public:
  DownstreamConnection(io::EventLoop& loop, RequestMemoryPool& memory_pool, Service& service, io::PeerIp peer);
  DownstreamConnection(const DownstreamConnection&) = delete;
  DownstreamConnection& operator=(const DownstreamConnection&) = delete;
  ~DownstreamConnection();

  /// Serves `descriptor` until one side ends it.
  io::Task<> run(int descriptor);

  /// No request after the one under way; an idle connection ends now.
  void drain();
  /// Ends now, whatever is under way.
  void abort();
  [[nodiscard]] bool draining() const { return draining_; }

  // For the service, while it serves:
  io::Stream& stream() { return stream_; }
  io::EventLoop& loop() { return loop_; }
  RequestMemory& memory() { return *memory_; }
  /// What has come behind the head; bytes that the service doesn't use are the next request's.
  io::Buffer& buffer() { return buffer_; }
  [[nodiscard]] const io::PeerIp& peer() const { return peer_; }
  [[nodiscard]] std::string_view peer_ip() const { return peer_ip_; }
  /// When the request's first byte was there.
  [[nodiscard]] io::TimePoint request_began() const { return request_began_; }
  /// Whom to tell when the client breaks the connection or abort() ends it; nullptr: nobody.
  void tell_when_gone(ClientGone* whom) { to_tell_ = whom; }
  /// Writes bytes of ours, within the policy's time for it.
  io::Task<Result<void>> write(std::string_view bytes);

 private:
  enum class Next : std::uint8_t { request, close_now, close_after_linger };

  [[nodiscard]] Next after(Served served) const;
  [[nodiscard]] bool keep_pipelined();
  [[nodiscard]] io::TimePoint patience_ends() const;
  io::Task<Next> read_head();
  io::Task<Next> refuse(Error error);
  io::Task<> linger();

  io::EventLoop& loop_;
  RequestMemoryPool& memory_pool_;
  Service& service_;
  io::PlainStream stream_;
  io::BrokenWatch broken_watch_{stream_};
  io::PeerIp peer_;
  std::string peer_ip_;
  io::Buffer buffer_;
  std::unique_ptr<RequestMemory> memory_;
  io::TimePoint request_began_{};
  bool served_one_ = false;
  bool draining_ = false;
  bool waiting_ = false;
  ClientGone* to_tell_ = nullptr;
};

}  // namespace fairlead::proxy
