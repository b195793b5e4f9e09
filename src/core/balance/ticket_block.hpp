// Positions in a rotation, taken by any worker without waiting. A block leased from the fleet's counter is used up
// first; without one positions go on locally from where the last block ended and are counted as overdrawn, to be
// settled with the fleet later. In a single process all are local: a plain counter.
// Thread rule: take() on any thread; the rest on one.
#pragma once

#include <atomic>
#include <cstdint>

namespace fairlead::balance {

class TicketBlock {
 public:
  static constexpr std::uint32_t size_max = 1U << 16;

  struct Ticket {
    std::uint64_t number = 0;
    bool is_leased = false;
  };
  Ticket take();
  /// The position that take() would give, left where it is.
  [[nodiscard]] std::uint64_t peek() const { return first_of(current_.load(std::memory_order_relaxed)); }

  /// Leased tickets that aren't used yet.
  [[nodiscard]] std::uint32_t left() const;
  /// How many were taken without a lease since the last take_overdrawn().
  [[nodiscard]] std::uint32_t overdrawn() const { return overdrawn_.load(std::memory_order_relaxed); }
  std::uint32_t take_overdrawn() { return overdrawn_.exchange(0, std::memory_order_relaxed); }
  /// `count` (size_max at most) leased tickets from `first` on, to be used after those that are left.
  void add(std::uint64_t first, std::uint32_t count);
  /// Where to go on without a lease; nothing happens while leased tickets are left.
  void move_to(std::uint64_t next);

  struct Unused {
    std::uint64_t end = 0;  ///< one past the last
    std::uint32_t count = 0;
  };
  /// Gives up what is left of the last block; what is taken next is overdrawn.
  Unused give_up();

 private:
  // One word holds a block: its next number above, how many are left below.
  static constexpr unsigned count_bits = 17;
  static constexpr std::uint64_t count_mask = (1ULL << count_bits) - 1;
  static constexpr std::uint64_t word_of(std::uint64_t first, std::uint32_t count) {
    return first << count_bits | count;
  }
  static constexpr std::uint64_t first_of(std::uint64_t word) { return word >> count_bits; }
  static constexpr std::uint32_t count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word & count_mask); }

  std::atomic<std::uint64_t> current_{0};
  std::atomic<std::uint64_t> following_{0};  ///< used when the current one is; no tickets: none
  std::atomic<std::uint32_t> overdrawn_{0};
};

}  // namespace fairlead::balance
