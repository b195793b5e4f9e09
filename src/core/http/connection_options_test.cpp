#include "core/http/connection_options.hpp"

#include <gtest/gtest.h>

namespace fairlead::http {
namespace {

FieldList connection(std::string_view value) {
  return {{"Connection", value, FieldId::connection}};
}

TEST(ConnectionOptions, PersistByDefaultInHttp11Only) {
  EXPECT_TRUE(persists(connection_options_of({}), Version::http_1_1));
  EXPECT_FALSE(persists(connection_options_of({}), Version::http_1_0));
}

TEST(ConnectionOptions, TakeKeepAliveInHttp10) {
  EXPECT_TRUE(persists(connection_options_of(connection("Keep-Alive")), Version::http_1_0));
}

TEST(ConnectionOptions, LetCloseWinOverKeepAlive) {
  EXPECT_FALSE(persists(connection_options_of(connection("keep-alive, CLOSE")), Version::http_1_1));
  EXPECT_FALSE(persists(connection_options_of(connection("close, keep-alive")), Version::http_1_0));
}

TEST(ConnectionOptions, AreCollectedOverSeveralFields) {
  FieldList fields = connection("keep-alive");
  fields.push_back({"connection", "X-A,, close", FieldId::connection});
  const ConnectionOptions options = connection_options_of(fields);
  EXPECT_EQ(options.count, 3u);
  EXPECT_TRUE(options.close);
  EXPECT_TRUE(options.keep_alive);
  EXPECT_TRUE(options.names_fields);
}

TEST(ConnectionOptions, NameNoFieldsWhenAllAreKnown) {
  EXPECT_FALSE(connection_options_of(connection("close, keep-alive")).names_fields);
}

TEST(ConnectionOptions, NominateFieldsWithoutCase) {
  const FieldList fields = connection("close, X-Secret");
  EXPECT_TRUE(is_nominated(fields, "x-secret"));
  EXPECT_FALSE(is_nominated(fields, "x-secre"));
  EXPECT_FALSE(is_nominated({}, "x-secret"));
}

}  // namespace
}  // namespace fairlead::http
