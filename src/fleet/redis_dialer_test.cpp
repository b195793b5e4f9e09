#include "fleet/redis_dialer.hpp"

#include <gtest/gtest.h>

#include "support/redis_loop.hpp"

namespace fairlead::fleet {
namespace {

io::Task<> dial(test::RedisLoop& on, const StateUrl& url, std::optional<Error>& error) {
  const io::TimePoint deadline = on.loop.now() + std::chrono::seconds(5);
  const Result<std::unique_ptr<io::Stream>> dialed = co_await dial_redis(on.loop, on.resolver, url, deadline);
  if (!dialed) {
    error = dialed.error();
  }
}

TEST(RedisDialer, TlsIsRefusedByName) {
  StateUrl url;
  url.kind = StateKind::redis_tls;
  ASSERT_FALSE(check_supported(url));
  EXPECT_NE(check_supported(url).error().detail.find("rediss://"), std::string_view::npos);
}

TEST(RedisDialer, ASocketThatIsNotThereIsRefused) {
  test::RedisLoop on;
  StateUrl url;
  url.kind = StateKind::redis_unix;
  url.path = "/nonexistent/fairlead.sock";
  std::optional<Error> error;
  on.finish(dial(on, url, error));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::refused);
}

TEST(RedisDialer, APathTooLongForASocketIsUnresolved) {
  test::RedisLoop on;
  StateUrl url;
  url.kind = StateKind::redis_unix;
  url.path = std::string(300, 'x');
  std::optional<Error> error;
  on.finish(dial(on, url, error));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::unresolved);
}

}  // namespace
}  // namespace fairlead::fleet
