#include "app/shared_state.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/proxy_bed.hpp"
#include "support/simulation.hpp"

namespace fairlead::app {
namespace {

// The admin listener accepts before the shared state has started, so that whoever scrapes first is answered as well.
class SharedStateBeforeStartTest : public ::testing::TestWithParam<const char*> {
 protected:
  static control::Config config() {
    control::Config made;
    made.state.url = GetParam();
    made.pools[0].backends = {{"http://a:1", 2}};
    return made;
  }

  testing::Simulation world;
  testing::LogLines lines;
  Log log{lines};
  metrics::Registry registry;
  io::ResolverThread resolver_thread;
  control::Controller controller{config(), log, [](const auto&) {}};
  SharedState state{controller, [](const auto& done) { done(); }, world.loop(), resolver_thread, registry, log};
};

TEST_P(SharedStateBeforeStartTest, ShowsWhatIsKnownHere) {
  std::optional<control::FleetView> seen;
  state.look([&seen](control::FleetView view) { seen = std::move(view); });
  ASSERT_TRUE(seen);
  EXPECT_NE(seen->instance, "");
  EXPECT_EQ(seen->state, GetParam());
}

TEST_P(SharedStateBeforeStartTest, AnswersAnEdit) {
  int answers = 0;
  state.edit("default", {.kind = balance::BackendEdit::Kind::add, .url = "http://b:1", .weight = {}},
             [&answers](const Result<balance::EditOutcome>&) { ++answers; });
  world.settle();
  EXPECT_EQ(answers, 1);
}

INSTANTIATE_TEST_SUITE_P(States, SharedStateBeforeStartTest, ::testing::Values("memory://", "redis://127.0.0.1:1/0"));

}  // namespace
}  // namespace fairlead::app
