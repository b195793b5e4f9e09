#include "proxy/exchange.hpp"

#include <utility>

#include "io/milliseconds.hpp"
#include "proxy/error_response.hpp"
#include "proxy/request_body.hpp"

namespace fairlead::proxy {
namespace {

/// Heads of answers may be larger than requests': backends are ours, their policy fields are long.
constexpr http::HeadLimits answer_limits{.head = 64 * 1024, .line = 32 * 1024, .fields = 200, .target = 0};
constexpr unsigned interim_answers_max = 16;

constexpr std::string_view lead_before = "Response from: ";
constexpr std::string_view lead_after = "\n\n";

}  // namespace

Exchange::Exchange(ExchangeTools& tools, const SnapshotRef& snapshot, DownstreamConnection& client)
    : tools_(tools),
      snapshot_(snapshot),
      client_(client),
      memory_(client.memory()),
      admission_(admit(**snapshot, memory_, client.peer().bytes())),
      body_begin_(client.buffer().position()) {}

io::Task<Served> Exchange::run() {
  const bool has_path = admission_.route_index != Admission::no_route;
  cells_ = has_path ? &snapshot_->cells(admission_.route_index) : &snapshot_->unrouted();
  cells_->in_flight->add(1);
  client_.tell_when_gone(this);
  if (admission_.is_refused) {
    admission_.refusal.allow = admission_.allow;
    const Served refused = co_await answer_problem(admission_.refusal);
    tell_failure(admission_.refusal.detail);
    co_return finish(refused);
  }
  const Result<void> forwarded = co_await forward();
  if (forwarded) {
    if (!uploaded()) {
      co_return finish(Served::close_unread);
    }
    co_return finish(memory_.request.keep_alive ? Served::keep_open : Served::close);
  }
  Served served = Served::broken;
  if (status_ == 0 && client_is_gone(forwarded.error())) {
    status_ = 499;  // nobody is there to be told
  } else if (status_ == 0) {
    served = co_await answer_problem(problem_of(forwarded.error()));
  }
  tell_failure(reason_of(forwarded.error()));
  co_return finish(served);
}

io::Task<Result<void>> Exchange::forward() {
  while (true) {
    if (!lease_) {
      fleet::Acquire want;
      fill(want);
      Choosing choosing(tools_.store, want);
      choosing_ = &choosing;
      co_await choosing;
      choosing_ = nullptr;
      const Result<void> chosen = take_choice(want);
      if (!chosen) {
        co_return chosen;
      }
    }
    const Result<void> attempted = co_await attempt();
    if (attempted) {
      co_return attempted;
    }
    if (is_client_gone_) {
      co_return Error{ErrorKind::reset, Side::downstream, 0, "the client left"};
    }
    const Error failure = attempted.error();
    if (failure.side == Side::upstream) {
      tools_.metrics.count_upstream_failure(admission_.pool->name, lease_.backend().url, failure);
    }
    tell_failed_try(failure);
    if (status_ != 0 || !prepare_retry(failure)) {
      co_return failure;
    }
  }
}

void Exchange::fill(fleet::Acquire& want) const {
  want.pool = admission_.pool;
  want.strategy = admission_.strategy;
  want.tried = tried_views_;
  want.key_hash = admission_.key_hash;
}

Result<void> Exchange::take_choice(const fleet::Acquire& want) {
  if (want.backend == nullptr) {
    if (is_client_gone_) {
      return Error{ErrorKind::reset, Side::downstream, 0, "the client left"};
    }
    if (!tried_.empty()) {
      return attempt_.error;  // every backend was tried: the last failure tells more than "none"
    }
    return Error{ErrorKind::unavailable, Side::upstream, 503, "no backend may serve"};
  }
  tools_.metrics.count_pick(want.basis);
  if (want.regret >= 0) {
    snapshot_->regrets(admission_.route->pool, want.strategy).observe(want.regret);
  }
  lease_ = fleet::Lease(tools_.store, *admission_.pool, *want.backend);
  return {};
}

io::Task<Result<void>> Exchange::attempt() {
  upstream_ = &tools_.upstreams.backend(admission_.pool->name, lease_.backend());
  ++upstream_->users;
  upstream_->cells->in_flight->add(1);
  if (tries_ > 0) {
    tools_.metrics.count_retry(admission_.pool->name, fresh_only_ ? "fresh_connection" : "another_backend");
  }
  attempt_ = policy::Attempt{};
  attempt_.idempotent = http::is_idempotent(memory_.request.method);
  attempt_.body_replayable = !read_beyond_buffer_;
  attempt_.tries = ++tries_;
  Result<void> result;
  if (!take_idle_connection()) {
    result = co_await connect();
  }
  if (result && is_client_gone_) {
    result = Error{ErrorKind::reset, Side::downstream, 0, "the client left"};
  }
  if (result) {
    result = co_await send_request();
  }
  if (result) {
    awaiting_head_ = true;
    result = co_await read_head();
    if (result && memory_.response.status < 200) {
      result = co_await pass_interims();
    }
    awaiting_head_ = false;
    note_first_byte(result);
  }
  if (result) {
    result = co_await relay_answer();
  }
  if (uploading_) {
    co_await end_upload();
  }
  end_attempt();
  co_return result;
}

bool Exchange::take_idle_connection() {
  connection_ = fresh_only_ ? nullptr : tools_.upstreams.take_idle(*upstream_);
  attempt_.reused = attempt_.connected = connection_ != nullptr;
  return attempt_.connected;
}

io::Task<Result<void>> Exchange::connect() {
  const balance::Backend& backend = lease_.backend();
  Result<std::unique_ptr<UpstreamConnection>> made =
      co_await tools_.upstreams.connect(backend, now() + (*snapshot_)->timeouts.connect);
  if (!made) {
    Error error = made.error();
    if (error.kind == ErrorKind::exhausted) {
      error.side = Side::internal;  // what we lack ourselves (descriptors, ports) says nothing about the backend
      tools_.failures.ran_out(error, now());
    } else if (balance::note_connect_failure(*backend.activity, *admission_.pool->activity, io::milliseconds_of(now()),
                                             balance::HealthPolicy{})) {
      tools_.failures.backend_rests(admission_.pool->name, backend.url, error);
    }
    co_return error;
  }
  if (balance::note_connect_success(*backend.activity)) {
    tools_.failures.backend_reachable(admission_.pool->name, backend.url);
  }
  upstream_->cells->opened->add();
  connection_ = std::move(*made);
  attempt_.connected = true;
  co_return Result<void>();
}

void Exchange::write_upstream_head() {
  const http::RequestHead& request = memory_.request;
  const bool trusted = routing::is_in_any(client_.peer().bytes(), (*snapshot_)->trusted_proxies);
  const bool query_is_used_up = memory_.query.empty() && !request.query.empty();
  const http::UpstreamTarget target{.path = memory_.path,
                                    .query = memory_.query,
                                    .has_query = request.has_query && !query_is_used_up,
                                    .host = balance::authority_of(lease_.backend())};
  memory_.upstream_head.clear();
  http::append_upstream_request(memory_.upstream_head, request, target, admission_.framing,
                                http::ClientOrigin{.address = client_.peer_ip(), .trusted = trusted});
}

io::Task<Result<void>> Exchange::send_request() {
  const routing::Route& route = *admission_.route;
  write_upstream_head();
  Result<void> sent;
  if (admission_.framing.kind == http::BodyKind::none) {
    iovec head{memory_.upstream_head.data(), memory_.upstream_head.size()};
    const Result<std::size_t> written = co_await connection_->stream.write(std::span(&head, 1), now() + route.idle);
    // Writing consumes the piece: whole, or its begin moved.
    attempt_.request_bytes_sent = written || head.iov_base != memory_.upstream_head.data();
    sent = written ? Result<void>() : Result<void>(written.error());
  } else {
    client_.buffer().restore(body_begin_);
    request_body_.emplace(admission_.framing);
    upload_.emplace(BodySource{client_.stream(), *request_body_, (*snapshot_)->timeouts.body_idle, route.body_max},
                    BodySink{connection_->stream, admission_.framing.kind == http::BodyKind::chunked, route.idle});
    sent = co_await upload_->send_first(memory_.upstream_head, {}, client_.buffer());
    attempt_.request_bytes_sent = !upload_->wrote_nothing();
  }
  if (!sent) {
    co_return sent;
  }
  answer_deadline_ = now() + route.first_byte;
  if (upload_ && !upload_->finished()) {
    read_beyond_buffer_ = true;
    attempt_.body_replayable = false;
    uploading_ = true;
    upload_scope_.spawn(upload_rest());
  }
  co_return Result<void>();
}

/// Nobody waits for the answer any more: the backend is spared the rest.
void Exchange::client_gone() {
  is_client_gone_ = true;
  if (choosing_ != nullptr) {
    choosing_->give_up();
  }
  if (connection_) {
    connection_->stream.cancel_read();
    connection_->stream.cancel_write();
  }
}

/// Runs beside the awaiting of the answer, which may come before the body is all up.
io::Task<> Exchange::upload_rest() {
  const Result<void> sent = co_await upload_->send_rest(upload_buffer_);
  upload_result_ = sent;
  uploading_ = false;
  answer_deadline_ = now() + admission_.route->first_byte;
  // Wakes who awaits the answer: its time starts now, or the client's body is broken and there will be none. A backend
  // that stopped reading may have answered: that is still to be read.
  if (awaiting_head_ || (!sent && sent.error().side == Side::downstream)) {
    connection_->stream.cancel_read();
  }
}

io::Task<Result<void>> Exchange::read_head() {
  constexpr std::chrono::hours while_uploading{24};  // the upload has its own time limits
  io::Stream& stream = connection_->stream;
  io::Buffer& buffer = connection_->buffer;
  http::ResponseHeadParser parser(answer_limits, memory_.response);
  bool has_begun = false;
  while (true) {
    if (!upload_result_ && upload_result_.error().side == Side::downstream) {
      co_return upload_result_.error();
    }
    if (!buffer.empty()) {
      head_began_ = std::exchange(has_begun, true) ? head_began_ : now();
      const http::ParseStatus status = parser.parse(buffer.bytes());
      if (status == http::ParseStatus::complete) {
        buffer.skip(memory_.response.size);
        co_return Result<void>();
      }
      if (status == http::ParseStatus::failed) {
        co_return parser.error();
      }
    }
    const io::TimePoint deadline = uploading_ ? now() + while_uploading : answer_deadline_;
    Result<std::size_t> count = co_await stream.readable(deadline);
    if (count) {
      if (!buffer.has_memory()) {
        buffer = tools_.loop.buffers().take();
      } else if (buffer.space().empty()) {
        tools_.loop.buffers().grow(buffer, answer_limits.head + io::BufferPool::standard_bytes);
        parser.restart();
      }
      count = co_await stream.read(buffer.space(), deadline);
    }
    if (!count) {
      const bool is_woken = count.error().kind == ErrorKind::cancelled && !uploading_ && !is_client_gone_;
      if (is_woken) {
        continue;  // by the upload's end
      }
      co_return count.error();
    }
    if (*count == 0) {
      co_return Error{ErrorKind::closed, Side::upstream, 0, "the backend closed before its answer was complete"};
    }
    attempt_.response_bytes_received = true;
    buffer.added(*count);
  }
}

/// The head that was read is an interim one: passes it and those that follow, up to the final one.
io::Task<Result<void>> Exchange::pass_interims() {
  for (unsigned interim = 0; interim < interim_answers_max; ++interim) {
    const Result<http::BodyFraming> framing = http::response_framing(memory_.response, memory_.request.method);
    if (!framing) {
      co_return framing.error();
    }
    if (memory_.response.status == 101) {
      co_return Error{ErrorKind::malformed, Side::upstream, 502, "the backend switched protocols unasked"};
    }
    const Result<void> passed = co_await pass_interim();
    if (!passed) {
      co_return passed;
    }
    const Result<void> read = co_await read_head();
    if (!read || memory_.response.status >= 200) {
      co_return read;
    }
  }
  co_return Error{ErrorKind::malformed, Side::upstream, 502, "the backend sent too many interim answers"};
}

io::Task<Result<void>> Exchange::pass_interim() {
  if (memory_.request.version != http::Version::http_1_1) {
    co_return Result<void>();
  }
  memory_.downstream_head.clear();
  http::append_interim_response(memory_.downstream_head, memory_.response);
  const Result<std::size_t> written =
      co_await client_.stream().write(memory_.downstream_head, now() + admission_.route->idle);
  if (!written) {
    co_return written.error();
  }
  co_return Result<void>();
}

io::Task<Result<void>> Exchange::relay_answer() {
  const Result<http::BodyFraming> framing = http::response_framing(memory_.response, memory_.request.method);
  if (!framing) {
    co_return framing.error();
  }
  const routing::Route& route = *admission_.route;
  const std::string& url = lease_.backend().url;
  const int status = memory_.response.status;
  const bool has_lead = route.annotated && status != 204 && status != 304;
  std::string& lead = memory_.lead;
  lead.clear();
  if (has_lead) {
    lead.append(lead_before).append(url).append(lead_after);
  }
  http::DownstreamFraming down =
      http::downstream_framing(memory_.response, *framing, memory_.request.version, lead.size());
  down.close = down.close || !memory_.request.keep_alive || client_.draining() || !uploaded();
  memory_.request.keep_alive = !down.close;
  memory_.downstream_head.clear();
  http::append_downstream_response(memory_.downstream_head, memory_.response, down,
                                   route.annotated ? std::string_view(url) : std::string_view(), tools_.date.text());
  http::BodyDecoder decoder(*framing);
  Relay answer(BodySource{connection_->stream, decoder, route.idle},
               BodySink{client_.stream(), down.kind == http::BodyKind::chunked, route.idle});
  status_ = status;
  attempt_class_ = static_cast<std::size_t>(status / 100);
  const std::string_view body_lead = framing->kind == http::BodyKind::none ? std::string_view() : lead;
  Result<void> relayed = co_await answer.send_first(memory_.downstream_head, body_lead, connection_->buffer);
  if (relayed && !answer.finished()) {
    relayed = co_await answer.send_rest(connection_->buffer);
  }
  cells_->response_bytes->add(answer.data_bytes());
  if (!relayed) {
    if (answer.wrote_nothing()) {
      status_ = relayed.error().side == Side::downstream ? 499 : 0;  // 0: a problem may still be told
    }
    const bool is_cut_by_upload = relayed.error().kind == ErrorKind::cancelled && !upload_result_;
    co_return is_cut_by_upload ? upload_result_ : relayed;
  }
  if (connection_is_reusable(decoder)) {
    tools_.upstreams.give_back(*upstream_, std::move(connection_));
  }
  co_return Result<void>();
}

bool Exchange::connection_is_reusable(const http::BodyDecoder& decoder) const {
  return memory_.response.keep_alive && decoder.kind() != http::BodyKind::until_close && connection_->buffer.empty() &&
         uploaded() && upload_result_;
}

/// The backend's time, unless a body that was still on its way was part of it. Its own failure, or no answer, may make
/// it look slower, never faster.
void Exchange::note_first_byte(const Result<void>& head) {
  const io::TimePoint sent = answer_deadline_ - admission_.route->first_byte;
  const io::TimePoint until = head ? head_began_ : now();
  if (!uploaded() || until < sent) {
    return;
  }
  const bool is_good = head && memory_.response.status < 500;
  if (head) {
    upstream_->cells->first_byte->observe(std::chrono::duration<double>(until - sent).count());
  }
  if (admission_.pool->strategy(admission_.strategy).needs_latencies()) {
    lease_.backend().activity->latency.note({until - sent, is_good}, io::milliseconds_of(now()));
  }
}

/// Stops an upload that the answer overtook; the backend has said all it will say.
io::Task<> Exchange::end_upload() {
  client_.stream().cancel_read();
  connection_->stream.close();
  co_await upload_scope_.join();
}

void Exchange::end_attempt() {
  if (upstream_ == nullptr) {
    return;
  }
  if (attempt_.request_bytes_sent) {
    upstream_->cells->by_class[std::exchange(attempt_class_, 0)]->add();
  }
  connection_.reset();
  upstream_->cells->in_flight->add(-1);
  --upstream_->users;
  upstream_ = nullptr;
}

/// True: go round once more, to another backend or on a fresh connection.
bool Exchange::prepare_retry(const Error& error) {
  attempt_.error = error;
  attempt_.more_backends = true;  // if there is none, take_choice() says so with this very error
  attempt_.out_of_time = now() - client_.request_began() >= admission_.route->first_byte;
  const policy::RetryDecision decision = policy::decide(attempt_);
  if (decision.action == policy::RetryAction::give_up) {
    return false;
  }
  upload_.reset();
  if (decision.action == policy::RetryAction::same_backend_fresh_connection) {
    fresh_only_ = true;
    return true;
  }
  fresh_only_ = false;
  tried_.push_back(lease_.backend().url);
  tried_views_.assign(tried_.begin(), tried_.end());
  lease_.release();
  return true;
}

/// Consumes the request's body as far as it is here already. True: all of it.
bool Exchange::skip_body() {
  if (upload_) {
    return uploaded();
  }
  client_.buffer().restore(body_begin_);  // a try that failed may have skipped it
  return skip_body_here(client_.buffer(), admission_.framing);
}

io::Task<Served> Exchange::answer_problem(http::Problem problem) {
  const bool is_all_read = !problem.close && skip_body();
  const bool is_http_1_0 = memory_.request.version == http::Version::http_1_0;
  problem.close = problem.close || is_http_1_0 || !is_all_read || !memory_.request.keep_alive || client_.draining();
  problem.head_only = memory_.request.method == http::Method::head;
  problem.date = tools_.date.text();
  memory_.downstream_head.clear();
  http::append_problem(memory_.downstream_head, problem);
  const Result<void> written = co_await client_.write(memory_.downstream_head);
  status_ = written ? problem.status : 499;
  if (!written) {
    co_return Served::broken;
  }
  if (!is_all_read) {
    co_return Served::close_unread;
  }
  co_return problem.close ? Served::close : Served::keep_open;
}

FailedRequest Exchange::subject() const {
  FailedRequest failed{.method = memory_.request.method_text, .path = memory_.request.path, .tries = tries_};
  if (admission_.pool != nullptr) {
    failed.pool = admission_.pool->name;
  }
  if (lease_) {
    failed.backend = lease_.backend().url;
  }
  return failed;
}

Served Exchange::finish(Served served) {
  client_.tell_when_gone(nullptr);
  lease_.release();
  if (upload_) {
    cells_->request_bytes->add(upload_->data_bytes());
  }
  if (upload_buffer_.has_memory()) {
    client_.buffer() = std::move(upload_buffer_);  // what follows the body is the next request's
  }
  cells_->in_flight->add(-1);
  const std::chrono::duration<double> took = tools_.loop.exact_now() - client_.request_began();
  tools_.metrics.count_request(*cells_, memory_.request.method, status_, took.count());
  return served;
}

}  // namespace fairlead::proxy
