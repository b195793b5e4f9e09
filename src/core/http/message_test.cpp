#include "core/http/message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairlead::http {
namespace {

TEST(Message, NamesMethodsBackAndForth) {
  for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::delete_, Method::connect,
                              Method::options, Method::trace, Method::patch}) {
    EXPECT_EQ(method_of(name_of(method)), method) << name_of(method);
  }
}

TEST(Message, TakesMethodsCaseSensitively) {
  EXPECT_EQ(method_of("get"), Method::other);
  EXPECT_EQ(method_of("GETS"), Method::other);
  EXPECT_EQ(method_of(""), Method::other);
}

TEST(Message, NamesUnknownMethodsWithALabelThatNoClientControls) {
  EXPECT_EQ(name_of(Method::other), "_other");
}

TEST(Message, HoldsPostAndPatchForUnsafeToRepeat) {
  EXPECT_TRUE(is_idempotent(Method::get));
  EXPECT_TRUE(is_idempotent(Method::put));
  EXPECT_TRUE(is_idempotent(Method::delete_));
  EXPECT_FALSE(is_idempotent(Method::post));
  EXPECT_FALSE(is_idempotent(Method::patch));
  EXPECT_FALSE(is_idempotent(Method::other));
}

const std::vector<std::pair<std::string, FieldId>>& known_fields() {
  static const std::vector<std::pair<std::string, FieldId>> fields = {
      {"Connection", FieldId::connection},
      {"Content-Length", FieldId::content_length},
      {"Expect", FieldId::expect},
      {"Forwarded", FieldId::forwarded},
      {"Host", FieldId::host},
      {"HTTP2-Settings", FieldId::http2_settings},
      {"Keep-Alive", FieldId::keep_alive},
      {"Proxy-Authenticate", FieldId::proxy_authenticate},
      {"Proxy-Authorization", FieldId::proxy_authorization},
      {"Proxy-Connection", FieldId::proxy_connection},
      {"TE", FieldId::te},
      {"Trailer", FieldId::trailer},
      {"Transfer-Encoding", FieldId::transfer_encoding},
      {"Upgrade", FieldId::upgrade},
      {"Via", FieldId::via},
      {"X-Forwarded-For", FieldId::x_forwarded_for},
      {"X-Forwarded-Host", FieldId::x_forwarded_host},
      {"X-Forwarded-Proto", FieldId::x_forwarded_proto},
      {"X-Backend-Server", FieldId::x_backend_server},
  };
  return fields;
}

TEST(Message, KnowsFieldsWhateverTheirCase) {
  for (const auto& [name, id] : known_fields()) {
    std::string upper = name;
    std::string small = name;
    for (std::size_t i = 0; i < name.size(); ++i) {
      upper[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[i])));
      small[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
    EXPECT_EQ(field_id_of(name), id) << name;
    EXPECT_EQ(field_id_of(upper), id) << upper;
    EXPECT_EQ(field_id_of(small), id) << small;
  }
}

TEST(Message, HoldsNoNearMissForAKnownField) {
  for (const auto& [name, id] : known_fields()) {
    for (std::size_t i = 0; i < name.size(); ++i) {
      for (int c = 0; c < 256; ++c) {
        std::string near = name;
        near[i] = static_cast<char>(c);
        EXPECT_EQ(field_id_of(near), equals_ignoring_case(near, name) ? id : FieldId::other) << near;
      }
    }
    EXPECT_EQ(field_id_of(name + "x"), FieldId::other);
  }
  EXPECT_EQ(field_id_of(""), FieldId::other);
}

TEST(Message, ComparesOnlyLettersWithoutCase) {
  EXPECT_TRUE(equals_ignoring_case("aZ-1", "Az-1"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_FALSE(equals_ignoring_case("ab", "abc"));
}

TEST(Message, VisitsListMembersWithoutBlanksAndEmptyOnes) {
  std::vector<std::string> members;
  for_each_list_member(", a ,\t,b c,,d", [&members](std::string_view member) { members.emplace_back(member); });
  EXPECT_EQ(members, (std::vector<std::string>{"a", "b c", "d"}));
}

TEST(Message, KeepsTheCapacityOfItsFieldsWhenCleared) {
  RequestHead head;
  head.fields.resize(40);
  head.path = "/x";
  head.clear();
  EXPECT_TRUE(head.fields.empty());
  EXPECT_GE(head.fields.capacity(), 40u);
  EXPECT_TRUE(head.path.empty());
}

TEST(Message, FindsTheFirstFieldOfAnId) {
  const FieldList fields = {{"Via", "1", FieldId::via}, {"Host", "a", FieldId::host}, {"via", "2", FieldId::via}};
  ASSERT_NE(find_field(fields, FieldId::via), nullptr);
  EXPECT_EQ(find_field(fields, FieldId::via)->value, "1");
  EXPECT_EQ(find_field(fields, FieldId::te), nullptr);
}

}  // namespace
}  // namespace fairlead::http
