// Writes a head at the end of a string. Room is made once for what the head is expected to take, and then a piece costs
// a comparison and a copy; a head that turns out longer grows the string as append() would. The string has its right
// length once the writer is gone. Used by forwarding only. Pure.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fairlead::http {

class HeadWriter {
 public:
  HeadWriter(std::string& out, std::size_t bytes_expected) : out_(out), used_(out.size()) {
    out_.resize(used_ + bytes_expected);
  }
  HeadWriter(const HeadWriter&) = delete;
  HeadWriter& operator=(const HeadWriter&) = delete;
  ~HeadWriter() { out_.resize(used_); }

  void text(std::string_view piece) { copy(take(piece.size()), piece); }

  void field(std::string_view name, std::string_view value) {
    char* place = take(name.size() + value.size() + 4);
    place = copy(place, name);
    place = copy(place, ": ");
    place = copy(place, value);
    copy(place, "\r\n");
  }

  void number(std::uint64_t value, int base = 10) {
    constexpr std::size_t digits_max = 20;
    char* const begin = take(digits_max);
    used_ -= static_cast<std::size_t>(begin + digits_max - std::to_chars(begin, begin + digits_max, value, base).ptr);
  }

 private:
  static char* copy(char* place, std::string_view piece) {
    std::memcpy(place, piece.data(), piece.size());
    return place + piece.size();
  }
  /// Where that many bytes may be written.
  char* take(std::size_t size) {
    const std::size_t begin = used_;
    used_ += size;
    if (used_ > out_.size()) [[unlikely]] {
      out_.resize(used_ + used_ / 2);
    }
    return out_.data() + begin;
  }

  std::string& out_;
  std::size_t used_;
};

}  // namespace fairlead::http
