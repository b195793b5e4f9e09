#include "io/resolver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <thread>

#include "io/task.hpp"
#include "io/task_scope.hpp"
#include "support/simulation.hpp"

namespace fairlead::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Outcome = std::optional<Result<Addresses>>;

/// Names as the test wants them; can hold its answers back.
class Names {
 public:
  void set(const std::string& host, const std::string& ip) {
    const std::lock_guard lock(mutex_);
    ips_[host] = ip;
  }
  void forget(const std::string& host) {
    const std::lock_guard lock(mutex_);
    ips_.erase(host);
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    changed_.notify_all();
  }
  void wait_for_questions(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return questions_ >= count; });
  }
  int questions() {
    const std::lock_guard lock(mutex_);
    return questions_;
  }

  Addresses look_up(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++questions_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    const auto found = ips_.find(host);
    return found == ips_.end() ? Addresses{} : Addresses{*Address::from_ip(found->second, 0)};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> ips_;
  bool held_ = false;
  int questions_ = 0;
};

Task<> resolve(Resolver& resolver, std::string_view host, TimePoint deadline, Outcome& outcome) {
  const Result<Addresses> addresses = co_await resolver.resolve(host, 80, deadline);
  outcome = addresses;
}

class ResolverTest : public ::testing::Test {
 protected:
  ~ResolverTest() override { names.release(); }

  /// Turns without moving time on; the answers come from a real thread.
  void run_until_done(const Outcome& outcome) {
    while (!outcome) {
      world.loop().run_once(world.now());
      std::this_thread::yield();
    }
  }
  Outcome ask(std::string_view host) {
    Outcome outcome;
    scope.spawn(resolve(resolver, host, world.now() + seconds(5), outcome));
    run_until_done(outcome);
    return outcome;
  }
  static std::string text_of(const Outcome& outcome) {
    return outcome && *outcome && !(*outcome)->empty() ? (**outcome)[0].text() : "nothing";
  }

  std::shared_ptr<Names> kept_names = std::make_shared<Names>();  // a look-up may outlast the test
  Names& names = *kept_names;
  testing::Simulation world;
  ResolverThread thread{[kept = kept_names](const std::string& host) { return kept->look_up(host); }};
  Resolver resolver{world.loop(), thread};
  TaskScope scope;
};

TEST_F(ResolverTest, GivesAddressesWithThePort) {
  names.set("backend", "10.0.0.1");
  EXPECT_EQ(text_of(ask("backend")), "10.0.0.1:80");
}

TEST_F(ResolverTest, LiteralsNeedNobody) {
  Outcome v4;
  Outcome v6;
  scope.spawn(resolve(resolver, "10.0.0.9", world.now(), v4));
  scope.spawn(resolve(resolver, "::1", world.now(), v6));
  EXPECT_EQ(text_of(v4), "10.0.0.9:80");
  EXPECT_EQ(text_of(v6), "[::1]:80");
  EXPECT_EQ(names.questions(), 0);
}

TEST_F(ResolverTest, AnUnknownNameIsUnresolved) {
  const Outcome outcome = ask("nowhere");
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().kind, ErrorKind::unresolved);
}

TEST_F(ResolverTest, AFreshAnswerIsUsedWithoutAsking) {
  names.set("backend", "10.0.0.1");
  ask("backend");
  names.set("backend", "10.0.0.2");
  EXPECT_EQ(text_of(ask("backend")), "10.0.0.1:80");
  EXPECT_EQ(names.questions(), 1);
}

TEST_F(ResolverTest, AnOldAnswerIsAskedForAgain) {
  names.set("backend", "10.0.0.1");
  ask("backend");
  names.set("backend", "10.0.0.2");
  world.run_for(Resolver::fresh_for);
  EXPECT_EQ(text_of(ask("backend")), "10.0.0.2:80");
}

TEST_F(ResolverTest, AFailureIsRememberedShortly) {
  ask("backend");
  names.set("backend", "10.0.0.1");
  EXPECT_FALSE(*ask("backend"));
  EXPECT_EQ(names.questions(), 1);
  world.run_for(Resolver::failed_for);
  EXPECT_EQ(text_of(ask("backend")), "10.0.0.1:80");
}

TEST_F(ResolverTest, KeepsKnownAddressesWhenALookUpFails) {
  names.set("backend", "10.0.0.1");
  ask("backend");
  names.forget("backend");
  world.run_for(Resolver::fresh_for);
  EXPECT_EQ(text_of(ask("backend")), "10.0.0.1:80");
  EXPECT_EQ(names.questions(), 2);
}

TEST_F(ResolverTest, UsesKnownAddressesWhenALookUpIsLate) {
  names.set("backend", "10.0.0.1");
  ask("backend");
  world.run_for(Resolver::fresh_for);
  names.hold();
  Outcome outcome;
  scope.spawn(resolve(resolver, "backend", world.now() + seconds(1), outcome));
  world.run_for(seconds(2));
  EXPECT_EQ(text_of(outcome), "10.0.0.1:80");
}

TEST_F(ResolverTest, ALateFirstAnswerTimesOutAndServesTheNextAsker) {
  names.set("backend", "10.0.0.1");
  names.hold();
  Outcome outcome;
  scope.spawn(resolve(resolver, "backend", world.now() + seconds(1), outcome));
  world.run_for(seconds(2));
  ASSERT_TRUE(outcome);
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().kind, ErrorKind::timed_out);
  names.release();
  EXPECT_EQ(text_of(ask("backend")), "10.0.0.1:80");
  EXPECT_EQ(names.questions(), 1);
}

TEST_F(ResolverTest, ManyWaitForOneQuestion) {
  names.set("backend", "10.0.0.1");
  names.hold();
  std::vector<Outcome> outcomes(100);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    scope.spawn(resolve(resolver, "backend", world.now() + milliseconds(i % 2 == 0 ? 10'000 : 500), outcomes[i]));
  }
  world.run_for(seconds(1));
  names.release();
  run_until_done(outcomes[0]);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(text_of(outcomes[i]), i % 2 == 0 ? "10.0.0.1:80" : "nothing") << i;
  }
  EXPECT_EQ(names.questions(), 1);
  EXPECT_EQ(scope.running(), 0U);
}

TEST_F(ResolverTest, AsksAgainWhenAnAnswerGotLost) {
  names.set("backend", "10.0.0.1");
  names.hold();
  Outcome outcome;
  scope.spawn(resolve(resolver, "backend", world.now() + seconds(1), outcome));
  world.run_for(seconds(2));
  for (std::size_t i = 0; i < EventLoop::mail_max; ++i) {
    world.loop().post([] {});
  }
  names.release();
  thread.ask("other", [](Addresses) {});
  names.wait_for_questions(2);  // the thread is one: by now the first answer found the mailbox full
  world.run_for(Resolver::asked_for);
  EXPECT_EQ(text_of(ask("backend")), "10.0.0.1:80");
}

TEST_F(ResolverTest, MayGoBeforeItsAnswerComes) {
  names.hold();
  {
    Resolver brief(world.loop(), thread);
    Outcome outcome;
    scope.spawn(resolve(brief, "backend", world.now() + seconds(1), outcome));
    names.wait_for_questions(1);
    world.run_for(seconds(2));
    ASSERT_TRUE(outcome);
  }
  names.release();
  EXPECT_EQ(text_of(ask("backend")), "nothing");
}

TEST(ResolverThread, RefusesQuestionsBeyondItsQueue) {
  const auto names = std::make_shared<Names>();
  names->hold();
  ResolverThread thread([names](const std::string& host) { return names->look_up(host); });
  for (std::size_t i = 0; i < ResolverThread::queue_max; ++i) {
    ASSERT_TRUE(thread.ask("host", [](Addresses) {}));
  }
  EXPECT_FALSE(thread.ask("host", [](Addresses) {}));
  names->release();
}

TEST(ResolverThread, EndsWithoutWaitingForALookUpAndCallsNoAnswerAfter) {
  const auto names = std::make_shared<Names>();
  const auto answers = std::make_shared<std::atomic<int>>(0);
  const std::weak_ptr<std::atomic<int>> held_by_the_thread = answers;
  names->hold();
  {
    ResolverThread thread([names](const std::string& host) { return names->look_up(host); });
    thread.ask("host", [answers](Addresses) { ++*answers; });
    names->wait_for_questions(1);
  }  // would never end if it waited
  EXPECT_EQ(answers.use_count(), 2);
  names->release();
  while (held_by_the_thread.use_count() > 1) {
    std::this_thread::yield();
  }
  EXPECT_EQ(*answers, 0);
}

TEST(ResolverThread, TheSystemKnowsLocalhost) {
  const Addresses addresses = ResolverThread::look_up_by_system("localhost");
  ASSERT_FALSE(addresses.empty());
  for (const Address& address : addresses) {
    EXPECT_TRUE(address.ip_text().starts_with("127.") || address.ip_text() == "::1") << address.text();
  }
}

}  // namespace
}  // namespace fairlead::io
