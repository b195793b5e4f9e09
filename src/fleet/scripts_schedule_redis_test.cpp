// The scripts against a real redis-server: random schedules of turns, syncs, crashes, pauses, edits by hand, lost data
// and failovers to a replica that lags, held against a model and the C++ strategies after each step.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "fleet/scripts.hpp"
#include "support/scripts_on_redis.hpp"

namespace fairlead::fleet::scripts_test {
namespace {

/// What must hold, kept beside Redis and compared after each step.
struct Model {
  std::map<std::string, Words> lists;             ///< by pool
  std::map<std::string, std::uint64_t> counters;  ///< by key
  std::map<std::string, Shares> ledgers;          ///< of the members that Redis knows
  std::set<std::string> expired;                  ///< of those, whose lease ran out
  std::set<std::string> deleted;                  ///< counts deleted by hand and not seen again yet

  [[nodiscard]] bool is_member(const std::string& member) const {
    return ledgers.contains(member) && !expired.contains(member);
  }

  [[nodiscard]] int count(const std::string& count_key) const {
    int sum = 0;
    for (const auto& [member, ledger] : ledgers) {
      const auto found = ledger.find(count_key);
      sum += found == ledger.end() ? 0 : found->second;
    }
    return sum;
  }

  void reap() {
    for (const std::string& member : expired) {
      ledgers.erase(member);
    }
    expired.clear();
  }

  void change(const std::string& member, const std::string& count_key, int amount) {
    int& share = ledgers[member][count_key];
    share += amount;
    if (share == 0) {
      ledgers[member].erase(count_key);
    }
  }

  [[nodiscard]] Words candidates(const Wants& want) const {
    Words urls;
    const auto found = lists.find(want.pool);
    for (const std::string& url : found == lists.end() ? Words{} : found->second) {
      const bool repeats = want.strategy == StrategyId::least_conn && std::ranges::count(urls, url) > 0;
      if (!repeats && std::ranges::count(want.excluded, url) == 0) {
        urls.push_back(url);
      }
    }
    return urls;
  }

  /// What the C++ strategy picks next, counted.
  std::string pick(const std::string& member, const Wants& want, std::uint64_t ticket) {
    std::vector<balance::Backend> backends;
    std::vector<std::uint32_t> loads;
    for (const std::string& url : candidates(want)) {
      backends.emplace_back().url = url;
      loads.push_back(static_cast<std::uint32_t>(count(count_key(want, url))));
    }
    const balance::BackendSet set(std::move(backends));
    const auto strategy = balance::make_strategy(want.strategy, set);
    const std::string url = set[strategy->pick({ticket, loads, {}}).value()].url;
    change(member, count_key(want, url), 1);
    return url;
  }

  /// Who is idle and has the turn by its place in the list; a call with one want needn't look at the others then.
  [[nodiscard]] std::string idle_turn(const Wants& want, std::uint64_t ticket) const {
    const auto found = lists.find(want.pool);
    const bool is_plain = want.strategy == StrategyId::least_conn && want.count == 1 && !want.is_retry;
    if (!is_plain || !want.excluded.empty() || found == lists.end() || found->second.empty()) {
      return {};
    }
    const std::string& url = found->second[ticket % found->second.size()];
    return count(count_key(want, url)) == 0 ? url : std::string();
  }

  static std::string count_key(const Wants& want, const std::string& url) {
    return key(want.pool + "conn_count:" + url);
  }
};

/// One random schedule of four workers on two pools.
class Schedule {
 public:
  Schedule(test::RedisConnection& redis, Scripts& scripts, unsigned seed)
      : redis_(redis), scripts_(scripts), random_(seed) {}

  void step() {
    const int dice = below(204);
    if (dice < 80) {
      turn(some_member());
    } else if (dice < 110) {
      sync(some_member());
    } else if (dice < 140) {
      beat(some_member());
    } else if (dice < 170) {
      edit_list();
    } else if (dice < 180) {
      lose_lease(some_member());
    } else if (dice < 188) {
      crash();
    } else if (dice < 192) {
      leave(some_member());
    } else if (dice < 199) {
      delete_count();
    } else if (dice < 200) {
      redis_("FLUSHDB");
      model_ = Model{};
    } else if (dice < 202) {
      copy_database("0", "1");
      replica_ = model_;
    } else {
      fail_over();
    }
  }

  void compare() {
    for (const std::string& member : members_seen_) {
      const Reply reply = redis_.call({"HGETALL", key("fairlead:ledger:" + member)});
      Shares stored;
      for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
        stored[reply.items[i].text] = std::stoi(reply.items[i + 1].text);
      }
      std::erase_if(stored, [](const auto& share) { return share.second == 0; });  // until its next beat
      const auto known = model_.ledgers.find(member);
      ASSERT_EQ(stored, known == model_.ledgers.end() ? Shares{} : known->second) << member;
      const bool is_running = std::ranges::count(members_, member) > 0 && !cut_off_.contains(member);
      if (is_running && model_.is_member(member)) {
        ASSERT_EQ(stored, truths_[member]) << member;
      }
    }
    for (const std::string& pool : pools) {
      const std::string before_url = key(pool + "conn_count:");
      for (const std::string& url : urls) {
        compare_count(before_url + url);
      }
    }
  }

  int picks = 0;
  int idle_turns = 0;
  int fenced = 0;
  int failovers = 0;

 private:
  static inline const Words pools{"", "blue:"};
  static inline const Words urls{"a", "b", "c", "d", "e"};

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  const std::string& one_of(const Words& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }
  std::string some_member() { return one_of(members_); }

  void compare_count(const std::string& count_key) {
    const Reply reply = redis_.call({"GET", count_key});
    const int expected = model_.count(count_key);
    if (!reply.is_nil) {
      model_.deleted.erase(count_key);
      ASSERT_EQ(reply.text, std::to_string(expected)) << count_key;
    } else if (!model_.deleted.contains(count_key)) {
      ASSERT_EQ(expected, 0) << count_key << " is missing";
    }
  }

  Wants some_wants() {
    Wants wants{one_of(pools),
                below(2) == 0 ? StrategyId::round_robin : StrategyId::least_conn,
                1 + below(5),
                below(4) == 0,
                {}};
    for (int i = below(8) - 4; i > 0; --i) {
      wants.excluded.push_back(one_of(urls));
    }
    return wants;
  }

  Shares some_changes(const std::string& member) {
    Shares changes;
    for (const auto& [count_key, share] : truths_[member]) {
      if (below(2) == 0) {
        changes[count_key] = -(1 + below(share));
      }
    }
    if (below(10) == 0) {  // a lease that was taken without asking
      changes[key("conn_count:" + one_of(urls))] = 1;
    }
    return changes;
  }

  /// A loop turn: gives back and wants; fenced, it says its truth instead.
  void turn(const std::string& member) {
    if (joins_again(member)) {
      return;
    }
    Shares changes = some_changes(member);
    std::vector<Wants> wants;
    if (below(2) == 0) {  // one by one
      wants.push_back({one_of(pools), below(2) == 0 ? StrategyId::round_robin : StrategyId::least_conn, 1, false, {}});
      changes.erase(changes.empty() ? changes.end() : std::next(changes.begin()), changes.end());
      if (!changes.empty() && changes.begin()->second < 0) {
        changes.begin()->second = -1;
      }
    } else {
      for (int i = below(3); i > 0; --i) {
        wants.push_back(some_wants());
      }
    }
    const Reply reply = scripts_.acquire(member, changes, wants);
    if (is_fenced(member, reply)) {
      return;
    }
    apply(member, changes);
    compare_answers(member, wants, reply);
    settle(member);
  }

  /// After a failover its connection is another: it says its truth first.
  bool joins_again(const std::string& member) {
    const bool was_cut_off = cut_off_.contains(member);
    if (was_cut_off) {
      reset(member);
    }
    return was_cut_off;
  }

  /// A lease that ended fences nobody; who was taken out is fenced.
  bool is_fenced(const std::string& member, const Reply& reply) {
    EXPECT_EQ(reply.is_error, !model_.ledgers.contains(member)) << reply.text;
    if (reply.is_error) {
      ++fenced;
      reset(member);
    }
    return reply.is_error;
  }

  void apply(const std::string& member, const Shares& changes) {
    for (const auto& [count_key, amount] : changes) {
      model_.change(member, count_key, amount);
    }
  }

  /// What it holds now is its truth; a count that a change of it moved has been written.
  void settle(const std::string& member) {
    Shares& truth = truths_[member];
    const Shares before = std::exchange(truth, model_.ledgers[member]);
    std::erase_if(model_.deleted, [&](const std::string& count_key) {
      const auto was = before.find(count_key);
      const auto is = truth.find(count_key);
      return (was == before.end() ? 0 : was->second) != (is == truth.end() ? 0 : is->second);
    });
  }

  /// Leased coordination: tells what changed, asks for counts and tickets.
  void sync(const std::string& member) {
    if (joins_again(member)) {
      return;
    }
    const Shares changes = some_changes(member);
    std::vector<Scripts::PoolAsk> asks;
    for (const std::string& pool : pools) {
      const int counter = static_cast<int>(model_.counters[key(pool + "rr_counter")]);
      const int returned = below(3) == 0 ? below(counter + 1) : 0;
      asks.push_back({pool, below(2) == 0, below(4), below(20), returned, counter - below(2)});
    }
    const Reply reply = scripts_.sync(member, changes, asks);
    if (is_fenced(member, reply)) {
      return;
    }
    apply(member, changes);
    settle(member);
    ASSERT_EQ(reply.items.size(), asks.size());
    for (std::size_t i = 0; i < asks.size(); ++i) {
      compare_sync(asks[i], reply.items[i]);
    }
  }

  void compare_sync(const Scripts::PoolAsk& ask, const Reply& answer) {
    std::uint64_t& counter = model_.counters[key(ask.pool + "rr_counter")];
    std::uint64_t& placed = model_.counters[key(ask.pool + "fairlead:tie")];
    const bool goes_back = ask.returned > 0 && counter == static_cast<std::uint64_t>(ask.returned_end);
    counter += static_cast<std::uint64_t>(ask.taken - (goes_back ? ask.returned : 0));
    placed += static_cast<std::uint64_t>(ask.placed);
    Words expected{std::to_string(counter), std::to_string(placed)};
    for (const std::string& url : ask.wants_counts ? model_.lists[ask.pool] : Words{}) {
      const std::string count_key = key(ask.pool + "conn_count:" + url);
      const int count = model_.deleted.contains(count_key) ? 0 : model_.count(count_key);
      if (count > 0) {
        expected.insert(expected.end(), {url, std::to_string(count)});
      }
    }
    Words told;
    for (const Reply& item : answer.items) {
      told.push_back(item.text);
    }
    ASSERT_EQ(told, expected);
  }

  /// A replica takes over that lags behind: it has what was copied then.
  void fail_over() {
    copy_database("1", "0");
    model_ = replica_;
    cut_off_.insert(members_.begin(), members_.end());
    for (const auto& [member, ledger] : model_.ledgers) {
      if (std::ranges::count(members_, member) == 0) {
        lose_lease(member);  // died meanwhile
      }
    }
    ++failovers;
  }

  void copy_database(const std::string& from, const std::string& to) {
    redis_("SELECT " + to);
    redis_("FLUSHDB");
    redis_("SELECT " + from);
    for (const Reply& name : redis_("KEYS *").items) {
      redis_.call({"COPY", name.text, name.text, "DB", to});
    }
    redis_("SELECT 0");
  }

  void compare_answers(const std::string& member, const std::vector<Wants>& wants, const Reply& reply) {
    ASSERT_EQ(reply.items.size(), wants.size());
    for (std::size_t i = 0; i < wants.size(); ++i) {
      const bool can = !model_.candidates(wants[i]).empty();
      ASSERT_EQ(reply.items[i].items.size(), can ? static_cast<std::size_t>(wants[i].count) : 0u);
      std::uint64_t ticket = can ? take_tickets(wants[i]) : 0;
      for (const Reply& item : reply.items[i].items) {
        if (wants.size() == 1 && item.text == model_.idle_turn(wants[i], ticket)) {
          model_.change(member, Model::count_key(wants[i], item.text), 1);
          ++idle_turns;
        } else {
          ASSERT_EQ(item.text, model_.pick(member, wants[i], ticket));
        }
        ++ticket;
        ++picks;
      }
    }
  }

  /// The first; a retry takes none and goes by where the rotation stands.
  std::uint64_t take_tickets(const Wants& want) {
    const bool turns = want.strategy == StrategyId::round_robin;
    std::uint64_t& counter = model_.counters[key(want.pool + (turns ? "rr_counter" : "fairlead:tie"))];
    return std::exchange(counter, counter + (want.is_retry ? 0U : static_cast<unsigned>(want.count)));
  }

  void reset(const std::string& member) {
    scripts_.reset(member, truths_[member]);
    members_seen_.insert(member);
    cut_off_.erase(member);
    model_.reap();
    model_.ledgers[member] = truths_[member];
  }

  void beat(const std::string& member) {
    if (joins_again(member)) {
      return;
    }
    model_.reap();
    ASSERT_EQ(scripts_.beat(member), model_.is_member(member)) << member;
    for (const auto& [count_key, share] : model_.is_member(member) ? model_.ledgers[member] : Shares{}) {
      ASSERT_FALSE(redis_.call({"GET", count_key}).is_nil) << count_key;
    }
  }

  void lose_lease(const std::string& member) {
    redis_.call({"ZADD", key("fairlead:instances"), "XX", "0", member});
    if (model_.ledgers.contains(member)) {
      model_.expired.insert(member);
    }
  }

  /// A process dies and another starts in its place.
  void crash() {
    std::string& member = members_[static_cast<std::size_t>(below(static_cast<int>(members_.size())))];
    lose_lease(member);
    truths_.erase(member);
    cut_off_.erase(member);
    member = "m" + std::to_string(++members_made_);
  }

  void leave(const std::string& member) {
    scripts_.leave(member);
    cut_off_.erase(member);
    model_.ledgers.erase(member);
    model_.expired.erase(member);
    truths_.erase(member);
  }

  void delete_count() {
    const std::string count_key = key(one_of(pools) + "conn_count:" + one_of(urls));
    redis_.call({"DEL", count_key});
    model_.deleted.insert(count_key);
  }

  void edit_list() {
    const std::string pool = one_of(pools);
    const std::string url = one_of(urls);
    Words& list = model_.lists[pool];
    if (below(3) > 0 && list.size() < 8) {
      redis_.call({"LPUSH", key(pool + "backend_servers"), url});
      list.insert(list.begin(), url);
    } else {
      redis_.call({"LREM", key(pool + "backend_servers"), "0", url});
      std::erase(list, url);
    }
  }

  test::RedisConnection& redis_;
  Scripts& scripts_;
  std::mt19937 random_;
  Model model_;
  Model replica_;                         ///< what the replica has
  std::set<std::string> cut_off_;         ///< by a failover, and not joined again yet
  std::map<std::string, Shares> truths_;  ///< what each member holds in truth
  Words members_{"m1", "m2", "m3", "m4"};
  int members_made_ = 4;
  std::set<std::string> members_seen_;
};

TEST_F(ScriptsOnRedis, RandomSchedulesKeepCountsEqualToLedgersAndPicksEqualToTheStrategies) {
  int picks = 0;
  int idle_turns = 0;
  int fenced = 0;
  int failovers = 0;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    redis()("FLUSHALL");
    Schedule schedule(redis(), scripts(), seed);
    for (int step = 0; step < 600; ++step) {
      schedule.step();
      schedule.compare();
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << " step " << step;
    }
    picks += schedule.picks;
    idle_turns += schedule.idle_turns;
    fenced += schedule.fenced;
    failovers += schedule.failovers;
  }
  EXPECT_GT(picks, 1000);
  EXPECT_GT(idle_turns, 20);
  EXPECT_GT(fenced, 50);
  EXPECT_GT(failovers, 5);
}

}  // namespace
}  // namespace fairlead::fleet::scripts_test
