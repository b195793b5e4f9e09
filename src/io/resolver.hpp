// Host names to addresses without blocking a loop: getaddrinfo on one thread for the process (ResolverThread), answers
// posted back to the loop that asked and remembered there for a while (Resolver). IP literals never leave the loop.
// Nobody can break getaddrinfo off, and it may take its resolver's time-out (some 10 s): ResolverThread ends without
// waiting for it. Its thread, detached and with the queue as its share, throws the late answer away and ends by itself.
// Thread rule: a Resolver belongs to its loop's thread; ResolverThread is shared (its mutex is never taken on a request
// that reuses a connection). Lifetime: ResolverThread outlives the resolvers, a Resolver its loop's last turn.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "io/event_loop.hpp"

namespace fairlead::io {

using Addresses = std::vector<Address>;

class ResolverThread {
 public:
  /// Looks a name up; nothing found or a fault: an empty list. Replaced in tests. A call under way may outlast the
  /// ResolverThread, so it owns what it needs.
  using LookUp = std::function<Addresses(const std::string& host)>;

  explicit ResolverThread(LookUp look_up = look_up_by_system);
  ResolverThread(const ResolverThread&) = delete;
  ResolverThread& operator=(const ResolverThread&) = delete;
  /// Waits for nothing; no answer is called from here on.
  ~ResolverThread();

  /// `answer` is called on the resolver's thread and must not ask() or withdraw(). False: too many questions wait
  /// (queue_max).
  bool ask(std::string host, std::function<void(Addresses)> answer, const void* asker = nullptr);
  /// None of the asker's answers is called from here on.
  void withdraw(const void* asker);
  static constexpr std::size_t queue_max = 1024;

  static Addresses look_up_by_system(const std::string& host);

 private:
  struct Question {
    std::string host;
    std::function<void(Addresses)> answer;
    const void* asker;
  };
  /// What the thread and its owner share, so that either may go first.
  struct Queue {
    std::mutex mutex;
    std::condition_variable asked;
    std::deque<Question> questions;  ///< the first is being looked up
    bool stopping = false;
  };
  static void run(const std::shared_ptr<Queue>& queue, const LookUp& look_up);

  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

class Resolver {
 public:
  static constexpr std::chrono::seconds fresh_for{10};  ///< an answer is used without asking again
  static constexpr std::chrono::seconds failed_for{1};  ///< so is "no such host"
  static constexpr std::chrono::seconds asked_for{30};  ///< without an answer by then, it is asked again
  static constexpr std::size_t names_max = 4096;

  Resolver(EventLoop& loop, ResolverThread& thread) : loop_(loop), thread_(thread) {}
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver() { thread_.withdraw(this); }

  class Resolution;
  /// Addresses of `host` (a name, or an IP without brackets), each with `port`. `host` must live until answered. When a
  /// look-up fails or is late, addresses that were found before are used on. Errors: unresolved, timed_out.
  Resolution resolve(std::string_view host, std::uint16_t port, TimePoint deadline);

  class Resolution {
   public:
    Resolution(Resolver& resolver, std::string_view host, std::uint16_t port, TimePoint deadline);
    Resolution(const Resolution&) = delete;
    Resolution& operator=(const Resolution&) = delete;

    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Result<Addresses> await_resume();

   private:
    friend class Resolver;
    static void expire(Timer& timer);

    Resolver& resolver_;
    std::string_view host_;
    std::uint16_t port_;
    TimePoint deadline_;
    Timer timer_;
    std::coroutine_handle<> waiter_;
    Resolution* next_ = nullptr;
    std::optional<Address> literal_;
    bool timed_out_ = false;
  };

 private:
  struct Name {
    Addresses addresses;
    TimePoint fresh_until{};
    TimePoint asked_until{};  ///< an answer is on its way
    Resolution* waiting = nullptr;
  };
  void ask(const std::string& host);
  void answered(const std::string& host, Addresses addresses);
  void forget_old();

  EventLoop& loop_;
  ResolverThread& thread_;
  std::unordered_map<std::string, Name> names_;
};

}  // namespace fairlead::io
