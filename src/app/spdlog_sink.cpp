#include "app/spdlog_sink.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace fairlead::app {
namespace {

constexpr std::size_t queue_lines = 8192;

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

struct SpdlogSink::State {
  std::shared_ptr<spdlog::details::thread_pool> pool = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  std::shared_ptr<spdlog::async_logger> logger =
      std::make_shared<spdlog::async_logger>("fairlead", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool,
                                             spdlog::async_overflow_policy::overrun_oldest);
};

SpdlogSink::SpdlogSink() : state_(std::make_unique<State>()) {
  state_->logger->set_level(spdlog::level::debug);
  state_->logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  state_->logger->flush_on(spdlog::level::debug);
}

SpdlogSink::~SpdlogSink() {
  state_->pool.reset();  // its thread writes what is queued and ends, and only then the logger goes
}

void SpdlogSink::write(LogLevel level, std::string_view line) {
  state_->logger->log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace fairlead::app
