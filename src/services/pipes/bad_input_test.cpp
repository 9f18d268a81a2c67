// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include "services/pipes/testing/host.hpp"

namespace lapwing::pipes::testing {

TEST(PipesBadInput, IsRefusedAndChangesNothing) {
  Host host;
  const hosting::testing::BadInput how{
      .good = {{"Name", "\"p\""},
               {"Source", in_quotes(queue_arn("q"))},
               {"Target", in_quotes(queue_arn("target"))},
               {"RoleArn", in_quotes(kRole)},
               {"resourceArn", "\"arn:aws:pipes:us-east-1:000000000000:pipe/p\""}}};
  EXPECT_EQ(hosting::testing::send_bad_input(host, how, [&] { (void)host.create("p"); }), "");
}

}  // namespace lapwing::pipes::testing
