#include "support/simulated_peer.hpp"

#include <algorithm>
#include <cerrno>

#include "base/check.hpp"
#include "support/simulated_engine.hpp"

namespace fairlead::testing {

void Peer::send(std::string_view bytes) {
  check(!ending_, "a peer sends after its end");
  if (!reset_) {
    unsent_ += bytes;
    fill_window();
  }
}

void Peer::send_in_pieces(std::string_view bytes, std::size_t piece_bytes, io::Clock::duration between) {
  io::Clock::duration delay{0};
  for (std::size_t begin = 0; begin < bytes.size(); begin += piece_bytes) {
    const std::string piece(bytes.substr(begin, piece_bytes));
    engine_.after(delay, [this, piece] { send(piece); });
    delay += between;
  }
}

void Peer::end() {
  ending_ = true;
  fill_window();
}

void Peer::close() {
  closed_ = true;
  end();
}

void Peer::reset() {
  reset_ = true;
  unsent_.clear();
  from_us_.clear();
}

void Peer::resume_reading() {
  reading_ = true;
  schedule_delivery();
}

void Peer::read(std::size_t bytes) {
  const std::size_t count = std::min(bytes, from_us_.size());
  received_.append(from_us_, 0, count);
  from_us_.erase(0, count);
  schedule_delivery();  // of the end, if that was all
}

std::int64_t Peer::give(char* memory, std::size_t bytes) {
  if (!to_us_.empty()) {
    const std::size_t count = to_us_.copy(memory, bytes);
    to_us_.erase(0, count);
    fill_window();
    return static_cast<std::int64_t>(count);
  }
  if (reset_) {
    return -ECONNRESET;
  }
  return ended_ ? 0 : -EAGAIN;
}

std::int64_t Peer::take(const char* memory, std::size_t bytes) {
  if (reset_) {
    return -ECONNRESET;
  }
  if (end_from_us_) {
    return -EPIPE;
  }
  const std::size_t room = window_ - std::min(window_, from_us_.size());
  const std::size_t count = std::min(room, bytes);
  if (count > 0) {
    from_us_.append(memory, count);
    schedule_delivery();
  }
  return count == 0 && bytes > 0 ? -EAGAIN : static_cast<std::int64_t>(count);
}

void Peer::ended_by_us() {
  if (!end_from_us_) {
    end_from_us_ = true;
    schedule_delivery();
  }
}

void Peer::dropped_by_us() {
  closed_by_us_ = true;
  reset_by_us_ = !to_us_.empty() && !reset_;
  ended_by_us();
}

void Peer::fill_window() {
  const std::size_t room = receive_window_ - std::min(receive_window_, to_us_.size());
  const std::size_t count = std::min(room, unsent_.size());
  to_us_.append(unsent_, 0, count);
  unsent_.erase(0, count);
  ended_ = ended_ || (ending_ && unsent_.empty());
}

void Peer::schedule_delivery() {
  if (!delivery_scheduled_) {
    delivery_scheduled_ = true;
    engine_.after(io::Clock::duration{0}, [this] { deliver(); });
  }
}

void Peer::deliver() {
  delivery_scheduled_ = false;
  if (reset_ || saw_end_) {
    return;
  }
  if (closed_ && !from_us_.empty()) {
    reset();
    return;
  }
  if (reading_ && !from_us_.empty()) {
    received_ += std::exchange(from_us_, {});
    if (on_received) {
      on_received(*this);
    }
  }
  if (end_from_us_ && from_us_.empty()) {
    saw_end_ = true;
    if (on_end) {
      on_end(*this);
    }
  }
}

}  // namespace fairlead::testing
