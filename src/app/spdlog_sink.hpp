// Log lines to stderr, written by a thread of their own from a bounded queue: when it is full the oldest line is
// dropped, never the caller held up. Thread rule: any thread. Only the composition root makes one.
#pragma once

#include <memory>

#include "base/log.hpp"

namespace fairlead::app {

class SpdlogSink final : public LogSink {
 public:
  SpdlogSink();
  SpdlogSink(const SpdlogSink&) = delete;
  SpdlogSink& operator=(const SpdlogSink&) = delete;
  /// Writes out what is queued.
  ~SpdlogSink() override;

  void write(LogLevel level, std::string_view line) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::app
