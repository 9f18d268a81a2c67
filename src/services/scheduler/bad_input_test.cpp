// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include "services/scheduler/testing/host.hpp"

namespace lapwing::scheduler::testing {

TEST(SchedulerBadInput, IsRefusedAndChangesNothing) {
  Host host;
  const hosting::testing::BadInput how{
      .good = {
          {"Name", "\"s\""},
          {"ScheduleExpression", "\"rate(1 day)\""},
          {"Arn", in_quotes(queue_arn("q"))},
          {"RoleArn", in_quotes(kRole)},
          {"ResourceArn", "\"arn:aws:scheduler:us-east-1:000000000000:schedule-group/default\""}}};
  EXPECT_EQ(
      hosting::testing::send_bad_input(host, how, [&] { (void)host.create("s", "rate(1 day)"); }),
      "");
}

}  // namespace lapwing::scheduler::testing
