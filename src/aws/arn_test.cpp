#include "aws/arn.hpp"

#include <string>

#include <gtest/gtest.h>

namespace lapwing::aws {
namespace {

TEST(Arn, ParsesAndFormats) {
  const char* const texts[] = {"arn:aws:lambda:us-east-1:123456789012:function:name:$LATEST",
                               "arn:aws:iam::123456789012:role/service-role/x",
                               "arn:aws-cn:s3:::bucket/key:with:colons"};
  for (const char* text : texts) EXPECT_EQ(Arn::parse(text).value().str(), text);
  const Arn function = Arn::parse(texts[0]).value();
  EXPECT_EQ(function.partition, "aws");
  EXPECT_EQ(function.service, "lambda");
  EXPECT_EQ(function.region.str(), "us-east-1");
  EXPECT_EQ(function.account.str(), "123456789012");
  EXPECT_EQ(function.resource_type(), "function");
  EXPECT_EQ(function.resource_id(), "name:$LATEST");
  EXPECT_EQ(Arn::parse(texts[1]).value().resource_id(), "service-role/x");
  EXPECT_EQ(Arn::parse("arn:aws:sns:us-east-1:1:topic").value().resource_id(), "topic");
  EXPECT_EQ(make_arn("lambda", Region("us-east-1"), AccountId("1"), "function:f"),
            "arn:aws:lambda:us-east-1:1:function:f");
}

TEST(Arn, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "arn", "arn:aws:lambda:us-east-1:1", "arn:aws:lambda:r:1:", "arn::lambda:r:1:x",
        "arn:aws::r:1:x", "nra:aws:lambda:r:1:x", "arn:aws:lambda:r:1:a\nb"}) {
    EXPECT_FALSE(Arn::parse(bad)) << bad;
  }
  const std::string longest = "arn:aws:s3:::" + std::string(kArnMaxBytes - 13, 'x');
  EXPECT_TRUE(Arn::parse(longest));
  EXPECT_FALSE(Arn::parse(longest + "x"));
}

TEST(Arn, TellsTheServiceWithoutTheRest) {
  EXPECT_EQ(service_of(""), "");
  EXPECT_EQ(service_of("arn"), "");
  EXPECT_EQ(service_of("arn:aws:sns:us-east-1:000000000000:t"), "sns");
  EXPECT_EQ(service_of("arn:aws:lambda"), "lambda");
}

TEST(Arn, AccountsAndRegions) {
  EXPECT_TRUE(is_account_id("000000000000"));
  EXPECT_FALSE(is_account_id("00000000000"));
  EXPECT_FALSE(is_account_id("00000000000a"));
  EXPECT_TRUE(is_region_name("us-gov-west-1"));
  for (const char* bad : {"", "US-EAST-1", "us/east", "*", "1-a", "-us"}) {
    EXPECT_FALSE(is_region_name(bad)) << bad;
  }
  EXPECT_FALSE(is_region_name(std::string(41, 'a')));
}

}  // namespace
}  // namespace lapwing::aws
