// DeadLetterConfig: which ARNs are taken, and what invokers are told of them.
#include <gtest/gtest.h>

#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;

class DeadLetters : public ::testing::Test, public testing::Harness {};

TEST_F(DeadLetters, AreQueuesAndTopicsOfTheStandardKind) {
  const std::string queue = "arn:aws:sqs:us-east-1:000000000000:q";
  const auto with = [](const std::string& arn) {
    return R"("DeadLetterConfig":{"TargetArn":")" + arn + R"("})";
  };
  EXPECT_EQ(create_active("f", with(queue)).at("DeadLetterConfig.TargetArn"), queue);
  EXPECT_EQ(get("f").at("Configuration.DeadLetterConfig.TargetArn"), queue);
  publish("f");
  const FunctionKey key{caller.account, caller.region, FunctionName("f")};
  EXPECT_EQ(service->catalog().entry(key, 0)->dead_letter, queue);
  EXPECT_EQ(service->catalog().entry(key, 1)->dead_letter, queue);
  EXPECT_EQ(service->catalog().entry(key, 2), nullptr);

  for (const char* arn :
       {"arn:aws:sqs:us-east-1:000000000000:q.fifo", "arn:aws:sns:us-east-1:000000000000:t.fifo",
        "arn:aws:lambda:us-east-1:000000000000:function:g", "arn:aws:s3:::b"}) {
    const Answer refused = put_configuration("f", "{" + with(arn) + "}");
    EXPECT_EQ(refused.status, 400) << arn;
    EXPECT_EQ(refused.error, "InvalidParameterValueException");
    EXPECT_NE(refused.message().find(arn), std::string::npos) << refused.message();
  }
  EXPECT_EQ(get("f").at("Configuration.DeadLetterConfig.TargetArn"), queue);

  const std::string topic = "arn:aws:sns:us-east-1:000000000000:t";
  EXPECT_EQ(put_configuration("f", "{" + with(topic) + "}").at("DeadLetterConfig.TargetArn"),
            topic);
  executor.run_all();
  restart();
  EXPECT_EQ(service->catalog().entry(key, 0)->dead_letter, topic);
  EXPECT_EQ(service->catalog().entry(key, 1)->dead_letter, queue);
  publish("f");
  const Answer differ =
      put_alias("f", "live", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}})");
  EXPECT_EQ(differ.status, 400) << differ.body;
  EXPECT_EQ(put_configuration("f", "{" + with("") + "}").has("DeadLetterConfig"), false);
  executor.run_all();
  EXPECT_EQ(service->catalog().entry(key, 0)->dead_letter, "");
}

}  // namespace
}  // namespace lapwing::lambda
