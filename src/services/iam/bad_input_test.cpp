// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include "services/iam/testing/iam_host.hpp"

namespace lapwing::iam::testing {

TEST(IamBadInput, IsRefusedAndChangesNothing) {
  Host host;
  EXPECT_EQ(hosting::testing::send_bad_input(host), "");
}

}  // namespace lapwing::iam::testing
