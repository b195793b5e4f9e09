// Backends of a pool: immutable, part of a snapshot. What changes all the time (requests in flight, failures in a row)
// lives in cells of relaxed atomics that successive snapshots share, so that a reload forgets nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/balance/latency.hpp"
#include "core/balance/shared_view.hpp"
#include "core/balance/ticket_block.hpp"

namespace fairlead::balance {

/// What the process knows of one backend; written by all workers.
struct BackendActivity {
  std::atomic<std::uint32_t> in_flight{0};         ///< this process' own requests
  std::atomic<std::uint32_t> others_in_flight{0};  ///< the other instances', as of PoolActivity::view
  std::atomic<float> others_lasting{0};            ///< likewise, in the mean of the last second
  std::atomic<std::uint32_t> connect_failures{0};  ///< in a row
  std::atomic<std::int64_t> rests_until_ms{0};     ///< steady clock; 0 or past: doesn't rest
  LatencyCell latency;                             ///< of requests that were placed by latency
};

/// What the process knows of one pool.
struct PoolActivity {
  TicketBlock tickets;                          ///< positions of round robin
  std::atomic<std::uint64_t> by_key{0};         ///< counts the requests placed by their key alone, which take no turn
  std::atomic<std::uint64_t> ties{0};           ///< rotation among equals; counts the requests placed by load
  std::atomic<std::uint64_t> by_latency{0};     ///< of those, how many were placed by latency too
  SharedView view;                              ///< of the backends' others_in_flight
  std::atomic<std::int64_t> rests_until_ms{0};  ///< latest rest of any backend: one load tells that none rests
};

struct Backend {
  std::string url;   ///< as configured or listed: the identity, and the text of conn_count:<URL>
  std::string host;  ///< name, IPv4, or IPv6 without brackets
  std::uint16_t port = 80;
  std::uint32_t weight = 1;
  std::shared_ptr<BackendActivity> activity;
  bool is_stranger = false;  ///< of no snapshot: gone after its last request, and the next one may stand at its place
};

/// Host and port of an "http://host[:port]" URL, path empty or "/". Error: malformed, with the rule that it breaks.
struct BackendAddress {
  std::string host;
  std::uint16_t port = 80;
};
Result<BackendAddress> parse_backend_url(std::string_view url);
/// "host[:port]" as the URL has it: what a request to the backend says as Host.
std::string_view authority_of(const Backend& backend);

using BackendIndex = std::uint32_t;

class BackendSet {
 public:
  BackendSet() = default;
  /// A weight of 0 counts as 1; a backend without activity gets a new one.
  explicit BackendSet(std::vector<Backend> backends);

  [[nodiscard]] std::size_t size() const { return backends_.size(); }
  [[nodiscard]] bool empty() const { return backends_.empty(); }
  [[nodiscard]] const Backend& operator[](BackendIndex index) const { return backends_[index]; }
  [[nodiscard]] auto begin() const { return backends_.begin(); }
  [[nodiscard]] auto end() const { return backends_.end(); }
  /// The first with that URL; nullptr when there is none.
  [[nodiscard]] const Backend* find(std::string_view url) const;
  /// All with that URL: a list may repeat one.
  [[nodiscard]] std::span<const BackendIndex> indices_of(std::string_view url) const;
  /// All weights are equal.
  [[nodiscard]] bool uniform() const { return uniform_; }

 private:
  std::vector<Backend> backends_;
  std::vector<BackendIndex> by_url_;
  bool uniform_ = true;
};

}  // namespace fairlead::balance
