// A relay between a source and a sink whose far ends are scripted: what the tests of proxy/relay start with.
// Thread rule: the test's thread. Lifetime: the streams are closed and the relay has ended when the fixture ends.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/relay.hpp"
#include "support/chunked.hpp"
#include "support/proxy_link.hpp"

namespace fairlead::testing {

using Outcome = std::optional<Result<void>>;

inline io::Task<> carry(proxy::Relay& relay, std::string_view head, std::string_view lead, io::Buffer& buffer,
                        Outcome& outcome) {
  Result<void> done = co_await relay.send_first(head, lead, buffer);
  if (done && !relay.finished()) {
    done = co_await relay.send_rest(buffer);
  }
  outcome = done;
}

class RelayTest : public ::testing::Test {
 protected:
  void TearDown() override {
    source.stream.close();
    sink.stream.close();
    world.settle();
    ASSERT_EQ(scope.running(), 0U);
  }
  /// Of a body that goes up or down; how it is framed on either side.
  void begin(http::BodyKind from, std::uint64_t length, bool to_chunks, std::uint64_t data_max = 0) {
    decoder = http::BodyDecoder({from, length});
    relay.emplace(proxy::BodySource{source.stream, decoder, std::chrono::seconds(30), data_max},
                  proxy::BodySink{sink.stream, to_chunks, std::chrono::seconds(60)});
    buffer = world.loop().buffers().take();
  }
  void put(std::string_view bytes) {
    std::copy(bytes.begin(), bytes.end(), buffer.space().begin());
    buffer.added(bytes.size());
  }
  void run(std::string_view head = "HEAD|", std::string_view lead = {}) {
    scope.spawn(carry(*relay, head, lead, buffer, outcome));
    world.settle();
  }
  bool run_until_done() {
    const bool done = world.run_until([&] { return outcome.has_value(); });
    world.settle();
    return done;
  }
  std::string sent() const { return sink_peer().received(); }
  Peer& sink_peer() const { return const_cast<ProxyLink&>(sink).far(); }
  ErrorKind fault() const { return outcome->error().kind; }

  Simulation world;
  ProxyLink source{world, Side::upstream, 7001};
  ProxyLink sink{world, Side::downstream, 7002};
  http::BodyDecoder decoder;
  std::optional<proxy::Relay> relay;
  io::Buffer buffer;
  Outcome outcome;
  io::TaskScope scope;
};

}  // namespace fairlead::testing
