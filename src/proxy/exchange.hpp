// One request and its answer: the story of the proxy, told in exchange.cpp in the order in which it happens.
//
//   admit -> choose a backend -> connect -> send the request -> await the answer's head -> relay the answer -> finish
//              ^                                                        |
//              +----- a failure before any byte of the answer went down, if retry_policy allows ------+
//
// The backward edge is the only one. Thread rule: one loop thread. Lifetime: run() ends before it is destroyed; it
// keeps the snapshot it began with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/balance/health.hpp"
#include "core/http/forwarding.hpp"
#include "core/policy/retry_policy.hpp"
#include "fleet/state_store.hpp"
#include "io/task_scope.hpp"
#include "proxy/admission.hpp"
#include "proxy/adopted_snapshot.hpp"
#include "proxy/choosing.hpp"
#include "proxy/date_clock.hpp"
#include "proxy/downstream_connection.hpp"
#include "proxy/failure_log.hpp"
#include "proxy/relay.hpp"
#include "proxy/upstream_pool.hpp"

namespace fairlead::proxy {

/// What exchanges use of their worker; everything outlives them.
struct ExchangeTools {
  io::EventLoop& loop;
  fleet::StateStore& store;
  UpstreamPool& upstreams;
  ProxyMetrics& metrics;
  FailureLog& failures;
  DateClock& date;
};

class Exchange final : private ClientGone {
 public:
  Exchange(ExchangeTools& tools, const SnapshotRef& snapshot, DownstreamConnection& client);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { end_attempt(); }

  io::Task<Served> run();

 private:
  void client_gone() override;

  // The steps, in their order.
  io::Task<Result<void>> forward();
  void fill(fleet::Acquire& want) const;
  Result<void> take_choice(const fleet::Acquire& want);
  io::Task<Result<void>> attempt();
  bool take_idle_connection();
  io::Task<Result<void>> connect();
  void write_upstream_head();
  io::Task<Result<void>> send_request();
  io::Task<> upload_rest();
  io::Task<Result<void>> read_head();
  io::Task<Result<void>> pass_interims();
  io::Task<Result<void>> pass_interim();
  io::Task<Result<void>> relay_answer();
  io::Task<> end_upload();
  void note_first_byte(const Result<void>& head);
  void end_attempt();

  [[nodiscard]] bool prepare_retry(const Error& error);
  [[nodiscard]] bool connection_is_reusable(const http::BodyDecoder& decoder) const;
  io::Task<Served> answer_problem(http::Problem problem);
  bool skip_body();
  [[nodiscard]] FailedRequest subject() const;
  void tell_failure(std::string_view reason) const {
    if (tools_.failures.tells_requests()) {
      tools_.failures.request_failed(subject(), status_, reason);
    }
  }
  void tell_failed_try(const Error& error) const {
    if (tools_.failures.tells_requests()) {
      tools_.failures.try_failed(subject(), reason_of(error));
    }
  }
  Served finish(Served served);
  /// The request's whole body went up, so that the client's next bytes are its next request.
  [[nodiscard]] bool uploaded() const {
    return !upload_ || (upload_->finished() && !uploading_ && upload_result_.has_value());
  }
  [[nodiscard]] io::TimePoint now() const { return tools_.loop.now(); }

  ExchangeTools& tools_;
  SnapshotRef snapshot_;
  DownstreamConnection& client_;
  RequestMemory& memory_;
  Admission admission_;
  RouteCells* cells_ = nullptr;
  int status_ = 0;  ///< told to the client; 0 while nothing was

  // The backend of this attempt.
  Choosing* choosing_ = nullptr;  ///< while one is awaited
  fleet::Lease lease_;
  UpstreamBackend* upstream_ = nullptr;
  std::unique_ptr<UpstreamConnection> connection_;
  policy::Attempt attempt_;
  std::size_t attempt_class_ = 0;  ///< of its answer's status; 0: it gave none
  unsigned tries_ = 0;
  bool fresh_only_ = false;
  std::vector<std::string> tried_;
  std::vector<std::string_view> tried_views_;

  // The request's body on its way up.
  std::size_t body_begin_;
  std::optional<http::BodyDecoder> request_body_;
  std::optional<Relay> upload_;  ///< of a request that has a body
  io::Buffer upload_buffer_;
  Result<void> upload_result_;
  io::TaskScope upload_scope_;
  io::TimePoint answer_deadline_{};
  io::TimePoint head_began_{};  ///< the first byte of the answer's head was there
  bool uploading_ = false;
  bool awaiting_head_ = false;
  bool read_beyond_buffer_ = false;
  bool is_client_gone_ = false;
};

}  // namespace fairlead::proxy
