#include "fleet/state_fault.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace fairlead::fleet {
namespace {

TEST(StateFault, NamesTheFirstWordOfAKnownErrorReply) {
  EXPECT_EQ(fault_of_reply("WRONGPASS invalid username-password pair").reason, "WRONGPASS");
  EXPECT_EQ(fault_of_reply("LOADING Redis is loading the dataset in memory").reason, "LOADING");
}

TEST(StateFault, APasswordThatIsWrongNeedsAnOperatorAndLoadingDoesNot) {
  EXPECT_TRUE(fault_of_reply("NOAUTH Authentication required.").operator_must_act);
  EXPECT_TRUE(fault_of_reply("ERR invalid password").operator_must_act);
  EXPECT_FALSE(fault_of_reply("LOADING Redis is loading").operator_must_act);
}

TEST(StateFault, AClusterThatIsDownOrMovesASlotHealsByItselfAndKeysOnSeveralSlotsDoNot) {
  for (const char* reply : {"CLUSTERDOWN The cluster is down", "MOVED 1 h:1", "ASK 1 h:1", "TRYAGAIN Multiple keys"}) {
    EXPECT_FALSE(fault_of_reply(reply).operator_must_act) << reply;
    EXPECT_NE(fault_of_reply(reply).reason, "ERR") << reply;
  }
  const StateFault fault = fault_of_reply("CROSSSLOT Keys in request don't hash to the same slot");
  EXPECT_TRUE(fault.operator_must_act);
  EXPECT_NE(fault.detail.find("key_prefix"), std::string_view::npos);
}

TEST(StateFault, AKeyOfAnotherTypeIsAPoolsMatterAndAReplicaEverybodys) {
  EXPECT_FALSE(concerns_all(fault_of_reply("WRONGTYPE Operation against a key holding the wrong kind of value")));
  EXPECT_TRUE(concerns_all(fault_of_reply("READONLY You can't write against a read only replica.")));
}

TEST(StateFault, WhatAnOperatorMustSeeToSaysWhatToDo) {
  for (const char* reply : {"NOAUTH x", "WRONGPASS x", "NOPERM x", "READONLY x", "OOM x", "MISCONF x", "WRONGTYPE x",
                            "ERR value is not an integer or out of range", "ERR DB index is out of range"}) {
    const StateFault fault = fault_of_reply(reply);
    EXPECT_TRUE(fault.operator_must_act) << reply;
    EXPECT_NE(fault.reason, "ERR") << reply;
    EXPECT_FALSE(fault.detail.empty()) << reply;
    EXPECT_EQ(hint_of(fault.reason), fault.detail) << reply;
  }
}

TEST(StateFault, ARightThatAScriptLacksInsideIsARightThatIsLacking) {
  for (const char* reply :
       {"ERR The user executing the script can't run this command or subcommand script: 1c, on x:3.",
        "ERR The user executing the script can't access at least one of the keys mentioned",
        "ERR ACL failure in script: User password has no permissions to run the 'zrank' command"}) {
    EXPECT_EQ(fault_of_reply(reply), fault_of_reply("NOPERM x")) << reply;
  }
}

TEST(StateFault, EveryReasonHasAHint) {
  for (const char* reason : {"ERR", "malformed", "timed_out", "LOADING", "closed"}) {
    EXPECT_FALSE(hint_of(std::string_view(reason)).empty()) << reason;
  }
}

TEST(StateFault, AnUnknownErrorReplyShowsNoneOfItsText) {
  EXPECT_EQ(fault_of_reply("EVIL secret").reason, "ERR");
}

TEST(StateFault, ALostConnectionIsNamedByItsError) {
  EXPECT_EQ(fault_of(Error{ErrorKind::refused, Side::internal}).reason, "refused");
}

TEST(StateFault, ACertificateThatIsNotBelievedIsAnOperatorsMatter) {
  const StateFault fault = fault_of(Error{ErrorKind::refused, Side::internal, EKEYREJECTED, "hostname mismatch"});
  EXPECT_EQ(fault, (StateFault{"certificate_refused", true, "hostname mismatch"}));
}

}  // namespace
}  // namespace fairlead::fleet
