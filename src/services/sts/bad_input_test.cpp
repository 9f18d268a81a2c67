// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include <gtest/gtest.h>

#include "services/sts/service.hpp"

namespace lapwing::sts {
TEST(StsBadInput, IsRefusedAndChangesNothing) {
  hosting::testing::Host<Service> host;
  EXPECT_EQ(hosting::testing::send_bad_input(host), "");
}

}  // namespace lapwing::sts
