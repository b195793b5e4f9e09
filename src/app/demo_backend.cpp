#include "app/demo_backend.hpp"

#include "io/sleep.hpp"
#include "proxy/request_body.hpp"

namespace fairlead::app {

DemoBackend::DemoBackend(io::EventLoop& loop, const Log& log, std::chrono::milliseconds delay)
    : loop_(loop), delay_(delay), listener_(loop, log, [this](int descriptor, const io::Address& peer) {
        scope_.spawn(serve_connection(descriptor, io::PeerIp(peer)));
      }) {}

Result<void> DemoBackend::listen(io::Address& address) {
  const Result<void> opened = listener_.open(address);
  if (opened) {
    address = listener_.address();
    port_ = address.port();
    listener_.start();
  }
  return opened;
}

io::Task<> DemoBackend::serve_connection(int descriptor, io::PeerIp peer) {
  proxy::DownstreamConnection connection(loop_, memory_pool_, *this, peer);
  connections_.insert(&connection);
  co_await connection.run(descriptor);
  connections_.erase(&connection);
}

io::Task<proxy::Served> DemoBackend::serve(proxy::DownstreamConnection& client) {
  proxy::RequestMemory& memory = client.memory();
  const http::RequestHead& request = memory.request;
  std::string body = "demo backend on port " + std::to_string(port_) + ": ";
  body.append(request.method_text).append(" ").append(request.path);
  std::uint64_t bytes = 0;
  const auto count = [&bytes](std::string_view piece) {
    bytes += piece.size();
    return true;
  };
  const Result<void> received = co_await proxy::read_body(client, policy().write, io::TimePoint::max(), count);
  if (!received) {
    co_return proxy::Served::broken;
  }
  body += ", " + std::to_string(bytes) + " bytes received\n";
  co_await io::SleepUntil(loop_, loop_.now() + delay_);
  std::string& out = memory.downstream_head;
  out = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: ";
  out.append(date_.text()).append("\r\nContent-Length: ");
  out += std::to_string(body.size());
  out += request.keep_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (request.method != http::Method::head) {
    out += body;
  }
  const Result<void> written = co_await client.write(out);
  if (!written) {
    co_return proxy::Served::broken;
  }
  co_return request.keep_alive ? proxy::Served::keep_open : proxy::Served::close;
}

void DemoBackend::stop() {
  listener_.close();
  for (proxy::DownstreamConnection* connection : connections_) {
    connection->abort();
  }
  ending_.spawn(await_end());
}

io::Task<> DemoBackend::await_end() {
  co_await scope_.join();
  loop_.stop();
}

}  // namespace fairlead::app
