// The words of one command as they are put together: texts that live elsewhere, numbers that live here. Used by
// whoever calls a script; recycled. One thread; texts must outlive the call that takes words().
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::fleet {

class Arguments {
 public:
  void clear() {
    words_.clear();
    kept_.clear();
  }
  void add(std::string_view text) { words_.push_back(text); }
  void add_number(std::int64_t number) { add_kept(std::to_string(number)); }
  /// A text that would not live long enough.
  void add_kept(std::string text) { words_.push_back(kept_.emplace_back(std::move(text))); }
  [[nodiscard]] const std::vector<std::string_view>& words() const { return words_; }

 private:
  std::vector<std::string_view> words_;
  std::deque<std::string> kept_;  // a deque: views into its strings stay valid
};

}  // namespace fairlead::fleet
