#include "services/lambda/function_identifier.hpp"

#include <gtest/gtest.h>

namespace lapwing::lambda {
namespace {

const AccountId kAccount("123456789012");
const Region kRegion("us-east-1");
const IdentifierScope kScope{kAccount, kRegion, "arn:aws:iam::123456789012:root",
                             "lambda:GetFunction"};

TEST(FunctionIdentifier, EveryForm) {
  struct Case {
    const char* text;
    const char* name;
    const char* qualifier;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"my-fn", "my-fn", ""},
           {"my-fn:PROD", "my-fn", "PROD"},
           {"my-fn:$LATEST", "my-fn", "$LATEST"},
           {"function", "function", ""},
           {"function:my-fn", "my-fn", ""},
           {"123456789012:function:my-fn", "my-fn", ""},
           {"123456789012:my-fn:1", "my-fn", "1"},
           {"us-east-1:123456789012:function:my-fn", "my-fn", ""},
           {"arn:aws:lambda:us-east-1:123456789012:function:my-fn", "my-fn", ""},
           {"arn:aws:lambda:us-east-1:123456789012:function:my-fn:PROD", "my-fn", "PROD"}}) {
    const auto id = parse_function_identifier(c.text, std::nullopt, kScope);
    ASSERT_TRUE(id) << c.text << ": " << id.error().to_log();
    EXPECT_EQ(id->key.name.view(), c.name);
    EXPECT_EQ(id->qualifier, c.qualifier);
    EXPECT_EQ(id->key.account, kAccount);
  }
}

std::string error_of(std::string_view text, std::optional<std::string_view> qualifier = {}) {
  const auto id = parse_function_identifier(text, qualifier, kScope);
  return id ? "" : id.error().code() + ": " + id.error().message();
}

TEST(FunctionIdentifier, Refusals) {
  EXPECT_TRUE(error_of("bad name")
                  .starts_with("ValidationException: 1 validation error detected: Value 'bad name' "
                               "at 'functionName' "
                               "failed to satisfy constraint: Member must satisfy regular "
                               "expression pattern: (arn:"));
  EXPECT_TRUE(error_of("a:b:c:d").starts_with("ValidationException"));
  EXPECT_TRUE(error_of("").starts_with("ValidationException"));
  EXPECT_TRUE(error_of("arn:aws:s3:::bucket").starts_with("ValidationException"));
  EXPECT_TRUE(error_of(std::string(257, 'x')).ends_with("length less than or equal to 256"));
  EXPECT_EQ(error_of(std::string(65, 'x')), "") << "it does not exist";
  EXPECT_EQ(error_of("fn:1", "2"),
            "InvalidParameterValueException: The derived qualifier from the function name does "
            "not match the specified qualifier.");
  EXPECT_EQ(error_of("fn:1", "1"), "");
  EXPECT_EQ(error_of("arn:aws:lambda:eu-west-1:123456789012:function:fn"),
            "ResourceNotFoundException: Functions from 'eu-west-1' are not reachable in this "
            "region ('us-east-1')");
  EXPECT_EQ(error_of("210987654321:function:fn"),
            "AccessDeniedException: User: arn:aws:iam::123456789012:root is not authorized to "
            "perform: lambda:GetFunction on resource: "
            "arn:aws:lambda:us-east-1:210987654321:function:fn because no resource-based policy "
            "allows the lambda:GetFunction action");
}

TEST(FunctionIdentifier, Arns) {
  const FunctionKey key{kAccount, Region("cn-north-1"), FunctionName("fn")};
  EXPECT_EQ(function_arn(key), "arn:aws-cn:lambda:cn-north-1:123456789012:function:fn");
  EXPECT_EQ(function_arn(key, "1"), "arn:aws-cn:lambda:cn-north-1:123456789012:function:fn:1");
}

}  // namespace
}  // namespace lapwing::lambda
