#include "core/http/head_writer.hpp"

#include <gtest/gtest.h>

namespace fairlead::http {
namespace {

std::string written(std::size_t bytes_expected) {
  std::string out = "before ";
  {
    HeadWriter writer(out, bytes_expected);
    writer.text("A B\r\n");
    writer.field("Name", "value");
    writer.field("Empty", "");
    writer.text("Number: ");
    writer.number(18'446'744'073'709'551'615U);
    writer.number(0);
    writer.number(255, 16);
    writer.text("");
  }
  return out;
}

TEST(HeadWriter, AppendsPiecesFieldsAndNumbers) {
  EXPECT_EQ(written(200), "before A B\r\nName: value\r\nEmpty: \r\nNumber: 184467440737095516150ff");
}

TEST(HeadWriter, GrowsBeyondWhatWasExpected) {
  for (std::size_t expected = 0; expected < 100; ++expected) {
    EXPECT_EQ(written(expected), written(200)) << expected;
  }
}

TEST(HeadWriter, KeepsTheCapacityOfARecycledString) {
  std::string out;
  {
    HeadWriter writer(out, 500);
    writer.text("first");
  }
  const std::size_t capacity = out.capacity();
  out.clear();
  {
    HeadWriter writer(out, 300);
    writer.text("second");
  }
  EXPECT_EQ(out, "second");
  EXPECT_EQ(out.capacity(), capacity);
}

}  // namespace
}  // namespace fairlead::http
