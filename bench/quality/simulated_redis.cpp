#include "simulated_redis.hpp"

#include <charconv>
#include <cmath>
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

void ReplyArray::add(std::int64_t number) {
  redisReply& item = items_.emplace_back();
  item.type = REDIS_REPLY_INTEGER;
  item.integer = number;
}

void ReplyArray::add(const std::string& text) {
  redisReply& item = items_.emplace_back();
  item.type = REDIS_REPLY_STRING;
  item.str = const_cast<char*>(text.c_str());  // nobody writes to a reply
  item.len = text.size();
}

void ReplyArray::add(ReplyArray& array) {
  items_.push_back(array.reply());
}

const redisReply& ReplyArray::reply() {
  pointers_.clear();
  for (redisReply& item : items_) {
    pointers_.push_back(&item);
  }
  array_.type = REDIS_REPLY_ARRAY;
  array_.elements = pointers_.size();
  array_.element = pointers_.data();
  return array_;
}

fairlead::fleet::ReplyView ReplyArray::view() {
  return fairlead::fleet::ReplyView(&reply());
}

SimulatedRedis::SimulatedRedis(const fairlead::routing::Pool& pool)
    : pool_(pool), counts_(pool.backends.size()), latencies_us_(pool.backends.size()) {}

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
  constexpr std::string_view count_key = "conn_count:";
  const auto& words = arguments.words();
  auto word = words.begin();
  for (std::int64_t changes = number_in(*word++); changes > 0; --changes) {
    std::uint32_t& count = counts_[place_of(word++->substr(count_key.size()))];
    count = static_cast<std::uint32_t>(std::int64_t{count} + number_in(*word++));
  }
  check(words.end() - word >= 6, "a sync of one pool");
  ++word;  // its prefix
  const bool wants_counts = *word++ == "1";
  tie_ += number_in(*word++);
  const std::int64_t taken = number_in(*word++);
  const std::int64_t returned = number_in(*word++);
  rr_counter_ += taken - (number_in(*word++) == rr_counter_ ? returned : 0);
  answer.part.clear();
  answer.part.add(rr_counter_);
  answer.part.add(tie_);
  if (wants_counts) {
    append_counts(answer.part);
  }
  if (word != words.end() && !word->empty()) {
    share_latencies(word + 1, words.end(), answer.latencies);
    answer.part.add(answer.latencies);
  }
}

void SimulatedRedis::append_counts(ReplyArray& answer) const {
  for (fairlead::balance::BackendIndex index = 0; index < counts_.size(); ++index) {
    if (counts_[index] > 0) {
      answer.add(pool_.backends[index].url);
      answer.add(counts_[index]);
    }
  }
}

void SimulatedRedis::share_latencies(Word first, Word end, ReplyArray& answer) {
  for (Word word = first; word != end;) {
    std::int64_t& known_us = latencies_us_[place_of(*word++)];
    const std::int64_t told_us = number_in(*word++);
    const double mean_us = std::sqrt(static_cast<double>(known_us) * static_cast<double>(told_us));
    known_us = known_us == 0 ? told_us : std::llround(mean_us);
  }
  answer.clear();
  for (fairlead::balance::BackendIndex index = 0; index < latencies_us_.size(); ++index) {
    if (latencies_us_[index] > 0) {
      answer.add(pool_.backends[index].url);
      answer.add(latencies_us_[index]);
    }
  }
}

std::size_t SimulatedRedis::place_of(std::string_view url) const {
  const fairlead::balance::Backend* backend = pool_.backends.find(url);
  check(backend != nullptr, "a URL is listed");
  return static_cast<std::size_t>(backend - &pool_.backends[0]);
}

}  // namespace bench::quality
