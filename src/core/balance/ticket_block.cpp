#include "core/balance/ticket_block.hpp"

#include "base/check.hpp"

namespace fairlead::balance {

TicketBlock::Ticket TicketBlock::take() {
  std::uint64_t word = current_.load(std::memory_order_relaxed);
  while (true) {
    if (count_of(word) > 0) {
      if (current_.compare_exchange_weak(word, word_of(first_of(word) + 1, count_of(word) - 1),
                                         std::memory_order_relaxed)) {
        return {first_of(word), true};
      }
      continue;
    }
    // Rarely: the block is used up. Whoever gets the following one installs it; a number that another takes locally
    // in between is in use twice then, which costs an uneven turn and nothing else.
    if (following_.load(std::memory_order_relaxed) != 0) {
      if (const std::uint64_t following = following_.exchange(0, std::memory_order_relaxed); following != 0) {
        current_.store(following, std::memory_order_relaxed);
      }
      word = current_.load(std::memory_order_relaxed);
      continue;
    }
    if (current_.compare_exchange_weak(word, word_of(first_of(word) + 1, 0), std::memory_order_relaxed)) {
      overdrawn_.fetch_add(1, std::memory_order_relaxed);
      return {first_of(word), false};
    }
  }
}

std::uint32_t TicketBlock::left() const {
  return count_of(current_.load(std::memory_order_relaxed)) + count_of(following_.load(std::memory_order_relaxed));
}

void TicketBlock::add(std::uint64_t first, std::uint32_t count) {
  check(count <= size_max, "a block of tickets fits its word");
  if (count == 0) {
    return;
  }
  std::uint64_t word = current_.load(std::memory_order_relaxed);
  while (count_of(word) == 0 || first_of(word) + count_of(word) == first) {
    const std::uint64_t next = count_of(word) == 0 ? word_of(first, count) : word + count;
    if (count_of(word) + count > size_max) {
      break;
    }
    if (current_.compare_exchange_weak(word, next, std::memory_order_relaxed)) {
      return;
    }
  }
  following_.store(word_of(first, count), std::memory_order_relaxed);  // one that wasn't begun lapses
}

void TicketBlock::move_to(std::uint64_t next) {
  std::uint64_t word = current_.load(std::memory_order_relaxed);
  while (count_of(word) == 0 && following_.load(std::memory_order_relaxed) == 0 &&
         !current_.compare_exchange_weak(word, word_of(next, 0), std::memory_order_relaxed)) {
  }
}

TicketBlock::Unused TicketBlock::give_up() {
  const std::uint64_t following = following_.exchange(0, std::memory_order_relaxed);
  std::uint64_t word = current_.load(std::memory_order_relaxed);
  while (!current_.compare_exchange_weak(word, word_of(first_of(word), 0), std::memory_order_relaxed)) {
  }
  if (following != 0) {
    return {first_of(following) + count_of(following), count_of(following)};
  }
  return {first_of(word) + count_of(word), count_of(word)};
}

}  // namespace fairlead::balance
