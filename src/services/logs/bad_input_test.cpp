// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include <gtest/gtest.h>

#include "services/logs/service.hpp"

namespace lapwing::logs {
TEST(LogsBadInput, IsRefusedAndChangesNothing) {
  hosting::testing::Host<Service> host;
  EXPECT_EQ(hosting::testing::send_bad_input(host), "");
}

}  // namespace lapwing::logs
