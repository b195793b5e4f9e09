// What fails, told in the log: each failed request and each failed try at debug only (`fairlead run --verbose`), a
// backend that rests or is reachable again, and our own lack of descriptors, ports or memory, at first and then once a
// minute at most. Never a query, a field or a body.
// One a worker. Thread rule: its loop's thread. Lifetime: the log outlives it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/log.hpp"
#include "io/timer_wheel.hpp"

namespace fairlead::proxy {

/// Which request, as far as it is known; "-": it isn't.
struct FailedRequest {
  std::string_view method = "-";
  std::string_view path = "-";  ///< as the client sent it, without the query
  std::string_view pool = "-";
  std::string_view backend = "-";
  unsigned tries = 0;
};

class FailureLog {
 public:
  static constexpr std::size_t path_max = 200;  ///< bytes of it that are shown
  static constexpr std::chrono::minutes ran_out_said_every{1};

  explicit FailureLog(const Log& log) : log_(log) {}

  /// Whether the next two say anything.
  [[nodiscard]] bool tells_requests() const { return log_.enabled(LogLevel::debug); }
  /// `status` is what the client got; 499: it left before.
  void request_failed(const FailedRequest& request, int status, std::string_view reason) const;
  void try_failed(const FailedRequest& request, std::string_view reason) const;

  void backend_rests(std::string_view pool, std::string_view backend, const Error& error) const;
  void backend_reachable(std::string_view pool, std::string_view backend) const;
  /// A connection to a backend couldn't be opened for want of something of ours.
  void ran_out(const Error& error, io::TimePoint now);

 private:
  const Log& log_;
  io::TimePoint say_ran_out_from_{};
};

/// An error's detail, or its kind where it has none.
std::string_view reason_of(const Error& error);
/// Text of a client's for one line: at most `bytes_max` of its bytes, those that aren't printable ASCII as %XX.
std::string shown(std::string_view text, std::size_t bytes_max);

}  // namespace fairlead::proxy
