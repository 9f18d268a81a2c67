// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include "services/sns/testing/topics.hpp"

namespace lapwing::sns::testing {

TEST(SnsBadInput, IsRefusedAndChangesNothing) {
  Host host;
  const hosting::testing::BadInput how{.good = {{"TopicArn", in_quotes(Host::arn("t"))},
                                                {"ResourceArn", in_quotes(Host::arn("t"))}}};
  EXPECT_EQ(
      hosting::testing::send_bad_input(host, how, [&] { EXPECT_TRUE(host.create("t").ok()); }), "");
}

}  // namespace lapwing::sns::testing
