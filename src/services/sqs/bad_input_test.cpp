// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include "services/sqs/testing/queues.hpp"

namespace lapwing::sqs {
namespace {

TEST(SqsBadInput, IsRefusedAndChangesNothing) {
  testing::Queues q;
  const hosting::testing::BadInput how{
      .good = {{"QueueUrl", testing::in_quotes(testing::Queues::url("q"))},
               {"SourceArn", testing::in_quotes(testing::Queues::arn("q"))}},
      // Names that SQS does not know are no fault of a receive.
      .unchecked = {"AttributeNames", "MessageSystemAttributeNames"}};
  EXPECT_EQ(hosting::testing::send_bad_input(q, how, [&] { EXPECT_TRUE(q.create("q").ok()); }), "");
  EXPECT_EQ(q.get("q", "ApproximateNumberOfMessagesNotVisible"), "0");
}

}  // namespace
}  // namespace lapwing::sqs
