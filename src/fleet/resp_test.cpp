#include "fleet/resp.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::fleet {
namespace {

/// The only reply in `bytes`, fed one byte at a time.
Result<std::optional<Reply>> read_byte_by_byte(ReplyReader& reader, std::string_view bytes) {
  for (const char& byte : bytes) {
    const Result<void> fed = reader.feed({&byte, 1});
    if (!fed) {
      return fed.error();
    }
    Result<std::optional<Reply>> reply = reader.next();
    if (!reply || reply->has_value()) {
      return reply;
    }
  }
  return std::optional<Reply>();
}

TEST(Resp, FormatsACommandWithBytesOfAnyKind) {
  std::string out;
  const std::string_view words[] = {"SET", "a b", std::string_view("\0\r\n", 3)};
  append_command(out, words);
  EXPECT_EQ(out, std::string("*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$3\r\n\0\r\n\r\n", 31));
}

TEST(Resp, ReadsNestedRepliesByteByByte) {
  ReplyReader reader;
  const auto reply = read_byte_by_byte(reader, "*4\r\n:-7\r\n$2\r\nhi\r\n*2\r\n-WRONGTYPE no\r\n+OK\r\n$-1\r\n");
  ASSERT_TRUE(reply && reply->has_value());
  const ReplyView view = (*reply)->view();
  ASSERT_EQ(view.size(), 4u);
  EXPECT_EQ(view[0].integer(), -7);
  EXPECT_EQ(view[1].text(), "hi");
  EXPECT_TRUE(view[2][0].is_error());
  EXPECT_EQ(view[2][1].text(), "OK");
  EXPECT_TRUE(view[3].is_nil());
}

TEST(Resp, KeepsWhatFollowsAReplyForTheNext) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("+one\r\n+two\r\n+th"));
  EXPECT_EQ((*reader.next())->view().text(), "one");
  EXPECT_EQ((*reader.next())->view().text(), "two");
  EXPECT_FALSE(reader.next()->has_value());
  ASSERT_TRUE(reader.feed("ree\r\n"));
  EXPECT_EQ((*reader.next())->view().text(), "three");
}

TEST(Resp, RefusesBytesThatAreNoReply) {
  ReplyReader reader;
  EXPECT_EQ(read_byte_by_byte(reader, "HTTP/1.1 400 Bad Request\r\n").error().kind, ErrorKind::malformed);
}

TEST(Resp, TakesAnArrayAtTheLimitAndRefusesOnePastIt) {
  ReplyReader at_limit;
  ASSERT_TRUE(at_limit.feed("*" + std::to_string(ReplyReader::items_max) + "\r\n"));
  EXPECT_TRUE(at_limit.next());
  ReplyReader past;
  ASSERT_TRUE(past.feed("*" + std::to_string(ReplyReader::items_max + 1) + "\r\n"));
  EXPECT_FALSE(past.next());
}

TEST(Resp, CountsTheItemsOfNestedArraysTogetherAndEachReplyByItself) {
  std::string half = "*" + std::to_string(ReplyReader::items_max / 2) + "\r\n";
  for (int i = 0; i < ReplyReader::items_max / 2; ++i) {
    half += "+\r\n";
  }
  ReplyReader by_itself;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(by_itself.feed(half));
    EXPECT_TRUE(by_itself.next()->has_value());
  }
  ReplyReader together;
  ASSERT_TRUE(together.feed("*2\r\n" + half + half));
  EXPECT_FALSE(together.next());
}

TEST(Resp, RefusesAReplyOfMoreBytesThanTheLimit) {
  ReplyReader reader;
  const std::string half(ReplyReader::bytes_max / 2, 'x');
  ASSERT_TRUE(reader.feed("$99999999\r\n"));
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.feed(half));
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.feed(half).error().kind, ErrorKind::too_large);
}

TEST(Resp, RefusesALineThatNeverEnds) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("+" + std::string(ReplyReader::line_max, 'a')));
  ASSERT_TRUE(reader.next().has_value());
  ASSERT_TRUE(reader.feed("a"));
  EXPECT_EQ(reader.next().error().kind, ErrorKind::too_large);
}

TEST(Resp, ATextThatIsLongAndKnownToBeSoIsNoSuchLine) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("$200000\r\n" + std::string(150'000, 'a')));
  EXPECT_TRUE(reader.next().has_value());
}

TEST(Resp, RefusesDeeplyNestedReplies) {
  ReplyReader reader;
  std::string deep;
  for (int i = 0; i < 64; ++i) {
    deep += "*1\r\n";
  }
  EXPECT_FALSE(read_byte_by_byte(reader, deep + ":1\r\n"));
}

TEST(Resp, RestartForgetsHalfAReply) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("$5\r\nhel"));
  ASSERT_FALSE(reader.next()->has_value());
  reader.restart();
  ASSERT_TRUE(reader.feed("+OK\r\n"));
  EXPECT_EQ((*reader.next())->view().text(), "OK");
}

}  // namespace
}  // namespace fairlead::fleet
