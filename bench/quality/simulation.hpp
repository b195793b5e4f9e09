// A fleet of instances before the same backends, told event by event: Poisson arrivals, each at an instance drawn at
// random; a constant way to the backends and to Redis; backends that are queues. What is left out: the instances' own
// processor time, jitter, queueing at Redis and batches of exact's calls. The same plan and rule give the same run.
// Used by simulate and the tests. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "event_queue.hpp"
#include "instance.hpp"
#include "rule.hpp"
#include "simulated_redis.hpp"
#include "worker_queue.hpp"

namespace bench::quality {

struct Plan {
  static constexpr std::chrono::microseconds to_backend{100};  ///< one way
  static constexpr std::chrono::microseconds to_redis{150};    ///< one way: a round trip of 0.3 ms
  static constexpr std::chrono::seconds warmup{5};

  std::size_t instances = 16;
  std::vector<double> speeds = std::vector<double>(20, 1.0);  ///< one a backend
  std::size_t workers = 1;                                    ///< of each backend
  double load = 0.85;                                         ///< of all workers together
  double service_ms = 10;                                     ///< mean, at speed 1
  bool is_pareto = false;                                     ///< else exponential
  double seconds = 55;                                        ///< that count
  std::uint64_t seed = 1;

  [[nodiscard]] double requests_per_s() const;
};

struct Outcome {
  std::vector<std::int64_t> times_ns;  ///< of the requests that began after the warm-up
  std::uint64_t begun = 0;
  std::uint64_t syncs = 0;  ///< calls to Redis in leased coordination
};

class Simulation {
 public:
  Simulation(const Plan& plan, const Rule& rule);
  /// Until the last request has ended. Once.
  Outcome run();

  [[nodiscard]] const SimulatedRedis& redis() const { return redis_; }

 private:
  using TimePoint = fairlead::io::TimePoint;
  using BackendIndex = fairlead::balance::BackendIndex;

  enum class Kind : std::uint8_t {
    arrival,
    choice_in_redis,
    end,  ///< the answer is back at the instance
    return_in_redis,
    alarm,
    sync_in_redis,
    sync_answer,
  };
  struct Event {
    Kind kind = Kind::arrival;
    BackendIndex backend = 0;
    std::size_t instance = 0;
    std::uint64_t number = 0;  ///< of the request, or of the alarm's setting
    TimePoint began{};         ///< the request
  };

  void plan_arrival();
  void happen(const Event& event);
  void arrive(Event request);
  void serve(Event request, TimePoint::duration way);
  void end(const Event& request);
  void ring(std::size_t instance);
  void follow(std::size_t instance, const Instance::Next& next);

  Plan plan_;
  Rule rule_;
  EventQueue<TimePoint, Event> events_;
  std::unique_ptr<fairlead::routing::Pool> pool_;  ///< Redis' list
  SimulatedRedis redis_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<SyncAnswer> answers_;      ///< one an instance
  std::vector<std::uint64_t> settings_;  ///< of each instance's alarm, so far
  std::vector<WorkerQueue> backends_;
  TimePoint now_;
  TimePoint arrives_;  ///< the last planned request
  TimePoint counted_from_;
  TimePoint arrivals_end_;
  std::uint64_t in_flight_ = 0;
  Outcome outcome_;
};

}  // namespace bench::quality
