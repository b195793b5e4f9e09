#include "simulated_redis.hpp"

#include <charconv>
#include <string_view>

#include "base/check.hpp"

namespace bench::quality {
namespace {

using fairlead::check;

std::int64_t number_in(std::string_view word) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  check(error == std::errc() && end == word.data() + word.size(), "a sync's argument is a number");
  return number;
}

}  // namespace

void SyncAnswer::add(std::int64_t number) {
  redisReply& item = items_.emplace_back();
  item.type = REDIS_REPLY_INTEGER;
  item.integer = number;
}

void SyncAnswer::add(const std::string& text) {
  redisReply& item = items_.emplace_back();
  item.type = REDIS_REPLY_STRING;
  item.str = const_cast<char*>(text.c_str());  // nobody writes to a reply
  item.len = text.size();
}

fairlead::fleet::ReplyView SyncAnswer::part() {
  pointers_.clear();
  for (redisReply& item : items_) {
    pointers_.push_back(&item);
  }
  array_.type = REDIS_REPLY_ARRAY;
  array_.elements = pointers_.size();
  array_.element = pointers_.data();
  return fairlead::fleet::ReplyView(&array_);
}

SimulatedRedis::SimulatedRedis(const fairlead::routing::Pool& pool) : pool_(pool), counts_(pool.backends.size()) {}

fairlead::balance::BackendIndex SimulatedRedis::acquire(fairlead::balance::StrategyId id) {
  const fairlead::balance::Strategy& strategy = pool_.strategy(id);
  fairlead::balance::PickInput input;
  input.loads = counts_;
  input.ticket = static_cast<std::uint64_t>(strategy.needs_loads() ? tie_++ : rr_counter_++);
  const auto index = strategy.pick(input);
  check(index.has_value(), "a backend may serve");
  ++counts_[*index];
  return *index;
}

void SimulatedRedis::sync(const fairlead::fleet::Arguments& arguments, SyncAnswer& answer) {
  const auto& words = arguments.words();
  auto word = words.begin();
  for (std::int64_t changes = number_in(*word++); changes > 0; --changes) {
    std::uint32_t& count = count_of(*word++);
    count = static_cast<std::uint32_t>(std::int64_t{count} + number_in(*word++));
  }
  check(words.end() - word == 6, "a sync of one pool");
  ++word;  // its prefix
  const bool wants_counts = *word++ == "1";
  tie_ += number_in(*word++);
  const std::int64_t taken = number_in(*word++);
  const std::int64_t returned = number_in(*word++);
  rr_counter_ += taken - (number_in(*word) == rr_counter_ ? returned : 0);
  answer.clear();
  answer.add(rr_counter_);
  answer.add(tie_);
  for (fairlead::balance::BackendIndex index = 0; wants_counts && index < counts_.size(); ++index) {
    if (counts_[index] > 0) {
      answer.add(pool_.backends[index].url);
      answer.add(counts_[index]);
    }
  }
}

std::uint32_t& SimulatedRedis::count_of(std::string_view key) {
  const fairlead::balance::Backend* backend = pool_.backends.find(key.substr(key.find("http://")));
  check(backend != nullptr, "a change is of a listed backend");
  return counts_[static_cast<std::size_t>(backend - &pool_.backends[0])];
}

}  // namespace bench::quality
