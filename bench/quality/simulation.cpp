#include "simulation.hpp"

#include <numeric>

#include "service.hpp"

namespace bench::quality {
namespace {

constexpr fairlead::io::TimePoint start{std::chrono::hours(1)};  // not 0, which stands for "never" in places

std::chrono::nanoseconds seconds_of(double amount) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(amount * 1e9));
}

}  // namespace

double Plan::requests_per_s() const {
  const double speed = std::accumulate(speeds.begin(), speeds.end(), 0.0);
  return load * speed * static_cast<double>(workers) / (service_ms / 1e3);
}

Simulation::Simulation(const Plan& plan, const Rule& rule)
    : plan_(plan),
      rule_(rule),
      pool_(pool_of(plan.speeds.size())),
      redis_(*pool_),
      answers_(plan.instances),
      settings_(plan.instances),
      backends_(plan.speeds.size(), WorkerQueue(plan.workers)),
      now_(start),
      arrives_(start),
      counted_from_(start + Plan::warmup),
      arrivals_end_(counted_from_ + seconds_of(plan.seconds)) {
  for (std::size_t i = 0; i < plan.instances; ++i) {
    instances_.push_back(std::make_unique<Instance>(plan.speeds.size(), rule, plan.instances));
  }
}

Outcome Simulation::run() {
  constexpr std::uint64_t joins_within_ns = 20'000'000;
  if (rule_.coordination == Coordination::leased) {
    for (std::size_t i = 0; i < instances_.size(); ++i) {
      now_ = start + std::chrono::nanoseconds(mixed(i ^ plan_.seed << 44) % joins_within_ns);
      follow(i, instances_[i]->join(now_));
    }
  }
  plan_arrival();
  while (in_flight_ > 0) {
    const auto [at, event] = events_.pop();
    now_ = at;
    happen(event);
  }
  return std::move(outcome_);
}

/// A planned request counts as in flight, so that the run goes on until it came and went.
void Simulation::plan_arrival() {
  arrives_ += gap_before(outcome_.begun, plan_.seed, plan_.requests_per_s());
  if (arrives_ < arrivals_end_) {
    Event request;
    request.number = outcome_.begun;
    request.instance = instance_of(request.number, plan_.seed, instances_.size());
    request.began = arrives_;
    events_.push(arrives_, request);
    ++in_flight_;
  }
}

void Simulation::happen(const Event& event) {
  switch (event.kind) {
    case Kind::arrival: return arrive(event);
    case Kind::choice_in_redis: {
      Event request = event;
      request.backend = redis_.acquire(rule_.strategy);
      return serve(request, Plan::to_redis + Plan::to_backend);
    }
    case Kind::end: return end(event);
    case Kind::return_in_redis: return redis_.release(event.backend);
    case Kind::alarm:
      if (event.number == settings_[event.instance]) {
        follow(event.instance, instances_[event.instance]->look_around(now_));
      }
      return;
    case Kind::sync_in_redis: {
      redis_.sync(instances_[event.instance]->arguments(), answers_[event.instance]);
      Event answer = event;
      answer.kind = Kind::sync_answer;
      return events_.push(now_ + Plan::to_redis, answer);
    }
    case Kind::sync_answer:
      return follow(event.instance, instances_[event.instance]->answered(answers_[event.instance].part.view(), now_));
  }
}

void Simulation::arrive(Event request) {
  ++outcome_.begun;
  plan_arrival();
  if (rule_.coordination == Coordination::exact) {
    request.kind = Kind::choice_in_redis;
    events_.push(now_ + Plan::to_redis, request);
    return;
  }
  const std::uint64_t chance = mixed(~(request.number ^ plan_.seed << 43));
  request.backend = instances_[request.instance]->choose(now_, chance);
  serve(request, Plan::to_backend);
  ring(request.instance);
}

void Simulation::serve(Event request, TimePoint::duration way) {
  const double mean_ns = plan_.service_ms * 1e6 / plan_.speeds[request.backend];
  const std::uint64_t work = work_of(request.number, plan_.seed);
  const TimePoint served = backends_[request.backend].end_of(
      now_ + way, plan_.is_pareto ? pareto(work, mean_ns) : exponential(work, mean_ns));
  request.kind = Kind::end;
  events_.push(served + Plan::to_backend, request);
}

void Simulation::end(const Event& request) {
  --in_flight_;
  if (request.began >= counted_from_) {
    outcome_.times_ns.push_back((now_ - request.began).count());
  }
  if (rule_.coordination == Coordination::exact) {
    Event returned = request;
    returned.kind = Kind::return_in_redis;
    return events_.push(now_ + Plan::to_redis, returned);
  }
  instances_[request.instance]->release(request.backend, now_ - request.began, now_);
  ring(request.instance);
}

void Simulation::ring(std::size_t instance) {
  if (rule_.coordination == Coordination::leased && instances_[instance]->wakes()) {
    follow(instance, instances_[instance]->look_around(now_));
  }
}

void Simulation::follow(std::size_t instance, const Instance::Next& next) {
  Event event;
  event.instance = instance;
  if (next.is_call) {
    ++outcome_.syncs;
    event.kind = Kind::sync_in_redis;
    events_.push(now_ + Plan::to_redis, event);
  } else if (next.look_at) {
    event.kind = Kind::alarm;
    event.number = ++settings_[instance];
    events_.push(*next.look_at, event);
  }
}

}  // namespace bench::quality
