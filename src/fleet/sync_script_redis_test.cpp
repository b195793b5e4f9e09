// sync.lua against a real redis-server.
#include <gtest/gtest.h>

#include "support/scripts_on_redis.hpp"

namespace fairlead::fleet::scripts_test {
namespace {

class SyncScript : public ScriptsOnRedis {
 protected:
  std::vector<std::string> texts(const Reply& reply) {
    std::vector<std::string> texts;
    for (const Reply& item : reply.items) {
      texts.push_back(item.text);
    }
    return texts;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(SyncScript, IsFencedAndAppliesNothingWithoutALease) {
  const Reply reply = scripts().sync("m", {{key("conn_count:a"), 1}}, {{"", true, 1, 1}});
  EXPECT_TRUE(reply.text.starts_with("FENCED")) << reply.text;
  EXPECT_EQ(count("a"), "");
  EXPECT_EQ(redis().call({"EXISTS", key("rr_counter")}).text, "0");
}

TEST_F(SyncScript, AppliesChangesAndTellsWhatIsInFlightAboveZero) {
  list({"a", "b", "c"});
  scripts().reset("m", {});
  scripts().reset("n", {{key("conn_count:c"), 2}});
  const Reply reply = scripts().sync("m", {{key("conn_count:a"), 3}}, {{"", true}});
  ASSERT_EQ(reply.items.size(), 1u);
  EXPECT_EQ(texts(reply.items[0]), (Texts{"0", "0", "a", "3", "c", "2"}));
  scripts().sync("m", {{key("conn_count:a"), -3}}, {});
  EXPECT_EQ(count("a"), "0");
  EXPECT_EQ(count("c"), "2");
}

TEST_F(SyncScript, CountsComeOnlyWhenAsked) {
  list({"a"});
  scripts().reset("m", {{key("conn_count:a"), 1}});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false}}).items[0]), (Texts{"0", "0"}));
}

TEST_F(SyncScript, TicketsAndPlacedRequestsAddUpOverTheFleet) {
  scripts().reset("m", {});
  scripts().reset("n", {});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false, 2, 5}}).items[0]), (Texts{"5", "2"}));
  EXPECT_EQ(texts(scripts().sync("n", {}, {{"", false, 1, 3}}).items[0]), (Texts{"8", "3"}));
}

TEST_F(SyncScript, ReturnedTicketsGoBackUnlessOthersTookSome) {
  scripts().reset("m", {});
  scripts().sync("m", {}, {{"", false, 0, 5}});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false, 0, 0, 2, 5}}).items[0]), (Texts{"3", "0"}));
  scripts().sync("m", {}, {{"", false, 0, 4}});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false, 0, 0, 2, 5}}).items[0]), (Texts{"7", "0"}));
}

TEST_F(SyncScript, EachPoolHasItsOwnAnswer) {
  redis().call({"RPUSH", key("blue:backend_servers"), "x"});
  scripts().reset("m", {{key("blue:conn_count:x"), 1}});
  const Reply reply = scripts().sync("m", {}, {{"", true, 0, 1}, {"blue:", true, 0, 2}});
  ASSERT_EQ(reply.items.size(), 2u);
  EXPECT_EQ(texts(reply.items[0]), (Texts{"1", "0"}));
  EXPECT_EQ(texts(reply.items[1]), (Texts{"2", "0", "x", "1"}));
}

TEST_F(SyncScript, AKeyOfAnotherTypeFailsItsPoolAlone) {
  redis().call({"SADD", key("rr_counter"), "x"});
  list({"a"});
  redis().call({"SET", key("blue:backend_servers"), "x"});
  scripts().reset("m", {});
  const Reply reply =
      scripts().sync("m", {{key("conn_count:a"), 1}}, {{"", true, 0, 1}, {"blue:", true}, {"green:", true, 0, 1}});
  ASSERT_EQ(reply.items.size(), 3u);
  EXPECT_TRUE(reply.items[0].is_error);
  EXPECT_TRUE(reply.items[1].is_error);
  EXPECT_EQ(texts(reply.items[2]), (Texts{"1", "0"}));
  EXPECT_EQ(count("a"), "1");
}

}  // namespace
}  // namespace fairlead::fleet::scripts_test
