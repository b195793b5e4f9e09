#include "core/http/problem.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/http/body_framing.hpp"
#include "support/http_heads.hpp"

namespace fairlead::http {
namespace {

using testing::ParsedResponse;

std::string written(const Problem& problem) {
  std::string out = "before";
  append_problem(out, problem);
  EXPECT_EQ(out.substr(0, 6), "before");
  return out.substr(6);
}

std::string_view value_of(const ParsedResponse& response, std::string_view name) {
  for (const Field& field : response.head.fields) {
    if (field.name == name) {
      return field.value;
    }
  }
  return "(none)";
}

TEST(Problem, HasTheDateThatItIsGiven) {
  const ParsedResponse response(written({.date = "Sun, 06 Nov 1994 08:49:37 GMT"}));
  EXPECT_EQ(value_of(response, "Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Problem, IsAWholeResponseThatOurOwnParserTakes) {
  const ParsedResponse response(written({.status = 404, .detail = "No route matches."}));
  ASSERT_EQ(response.status, ParseStatus::complete);
  EXPECT_EQ(response.head.status, 404);
  EXPECT_EQ(response.head.reason, "Not Found");
  EXPECT_EQ(value_of(response, "Content-Type"), "application/problem+json");
  EXPECT_EQ(value_of(response, "Cache-Control"), "no-store");
  const std::string body = response.bytes.substr(response.head.size);
  EXPECT_EQ(body, R"({"type":"about:blank","title":"Not Found","status":404,"detail":"No route matches."})"
                  "\n");
  EXPECT_EQ(value_of(response, "Content-Length"), std::to_string(body.size()));
}

TEST(Problem, SaysOnlyWhatWasAskedFor) {
  const ParsedResponse response(written({.status = 502, .detail = "x"}));
  EXPECT_EQ(value_of(response, "Allow"), "(none)");
  EXPECT_EQ(value_of(response, "Retry-After"), "(none)");
  EXPECT_EQ(value_of(response, "Connection"), "(none)");
}

TEST(Problem, SaysAllowRetryAfterAndClose) {
  const ParsedResponse response(
      written({.status = 405, .detail = "x", .allow = "POST", .retry_after_seconds = 3, .close = true}));
  EXPECT_EQ(value_of(response, "Allow"), "POST");
  EXPECT_EQ(value_of(response, "Retry-After"), "3");
  EXPECT_EQ(value_of(response, "Connection"), "close");
}

TEST(Problem, LeavesTheBodyOutForHeadButTellsItsLength) {
  const Problem problem{.status = 404, .detail = "x"};
  Problem head_only = problem;
  head_only.head_only = true;
  const ParsedResponse full(written(problem));
  const ParsedResponse head(written(head_only));
  EXPECT_EQ(head.head.size, head.bytes.size());
  EXPECT_EQ(full.bytes.substr(0, full.head.size), head.bytes);
}

TEST(Problem, EscapesWhatJsonWantsEscaped) {
  const std::string text = written({.status = 400, .detail = "a\"b\\c\n\x1f d"});
  EXPECT_NE(text.find(R"("detail":"a\"b\\c\u000a\u001f d"})"), std::string::npos) << text;
}

TEST(Problem, KnowsThePhrasesOfTheStatusesThatFairleadAnswers) {
  for (const int status : {400, 401, 403, 404, 405, 408, 413, 414, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505}) {
    EXPECT_NE(reason_of(status), "Unknown") << status;
  }
  EXPECT_EQ(reason_of(299), "Unknown");
}

}  // namespace
}  // namespace fairlead::http
