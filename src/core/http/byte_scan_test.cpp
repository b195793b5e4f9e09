#include "core/http/byte_scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

using Skip = std::size_t (*)(std::string_view, std::size_t, std::size_t);

struct Scanner {
  const char* name;
  Skip skip;
  CharacterClass wanted;
};
constexpr Scanner scanners[] = {{"token", skip_token, token_class},
                                {"path", skip_path, path_class},
                                {"query", skip_query, query_class},
                                {"text", skip_text, text_class}};

void expect_as_the_table_says(const Scanner& scanner, const std::string& bytes, std::size_t from, std::size_t end) {
  EXPECT_EQ(scanner.skip(bytes, from, end), skip_class(scanner.wanted, bytes, from, end))
      << scanner.name << " of '" << bytes << "' from " << from << " to " << end;
}

TEST(ByteScan, AgreesWithTheTableOnEveryByteAtEveryPlaceOfABlock) {
  for (const Scanner& scanner : scanners) {
    for (std::size_t place = 0; place < 33; ++place) {
      for (int c = 0; c < 256; ++c) {
        std::string bytes(48, 'a');
        bytes[place] = static_cast<char>(c);
        expect_as_the_table_says(scanner, bytes, 0, bytes.size());
      }
    }
  }
}

TEST(ByteScan, GoesOnBehindARareByteOfTheClass) {
  for (const Scanner& scanner : scanners) {
    std::string bytes = "rare_1~names!" + std::string(40, '-') + ".09" + std::string(40, 'z') + "\x01";
    expect_as_the_table_says(scanner, bytes, 0, bytes.size());
    EXPECT_EQ(scanner.skip(bytes, 0, bytes.size()), bytes.size() - 1) << scanner.name;
  }
}

TEST(ByteScan, LooksAtNothingOutsideOfItsRange) {
  const std::string bytes = std::string(20, '\x01') + std::string(40, 'a') + std::string(20, '\x01');
  for (const Scanner& scanner : scanners) {
    for (std::size_t from = 20; from <= 60; ++from) {
      for (std::size_t end = from; end <= 60; ++end) {
        EXPECT_EQ(scanner.skip(bytes, from, end), end) << scanner.name;
      }
    }
  }
}

}  // namespace
}  // namespace fairlead::http
