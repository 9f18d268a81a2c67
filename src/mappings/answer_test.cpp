#include "mappings/answer.hpp"

#include <string>

#include <gtest/gtest.h>

namespace lapwing::mappings {
namespace {

using Items = std::vector<std::size_t>;

std::optional<Items> failed(std::string_view answer) {
  return failed_items(answer, {"a", "b", "c"});
}

TEST(Answer, NothingFailed) {
  for (const char* const answer :
       {"", "null", " null ", "\"\"", "{}", "{ }", R"({"other":1})", R"({"batchItemFailures":[]})",
        R"({"batchItemFailures":null})"}) {
    EXPECT_EQ(failed(answer), Items()) << answer;
  }
}

TEST(Answer, SomeFailed) {
  EXPECT_EQ(failed(R"({"batchItemFailures":[{"itemIdentifier":"b"}]})"), Items{1});
  EXPECT_EQ(failed(R"({"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a"},)"
                   R"({"itemIdentifier":"c","more":1}]})"),
            (Items{0, 2}));
}

TEST(Answer, AllFailed) {
  for (const char* const answer :
       {"no JSON", "[]", "7", "\"done\"", R"({"batchItemFailures":{}})",
        R"({"batchItemFailures":[{"foo":"a"}]})", R"({"batchItemFailures":["a"]})",
        R"({"batchItemFailures":[{"itemIdentifier":""}]})",
        R"({"batchItemFailures":[{"itemIdentifier":null}]})",
        R"({"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"x"}]})"}) {
    EXPECT_EQ(failed(answer), std::nullopt) << answer;
  }
  EXPECT_EQ(failed("{}" + std::string(std::size_t{7} << 20, ' ')), std::nullopt);
}

}  // namespace
}  // namespace lapwing::mappings
