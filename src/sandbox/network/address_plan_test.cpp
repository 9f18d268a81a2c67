#include "sandbox/network/address_plan.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "sandbox/limits.hpp"
#include "sandbox/network/forwarding.hpp"

namespace lapwing::sandbox {
namespace {

os::IpNet net(const char* text) { return os::IpNet::parse(text).value(); }

TEST(AddressPlan, EverySandboxHasItsOwnWithinTheRange) {
  AddressPlan plan;
  plan.v4 = net("10.99.32.0/19");
  plan.v6 = unique_local_network("tag");
  EXPECT_EQ(plan.machine().v4.to_string(), "10.99.32.1");
  EXPECT_EQ(plan.sandbox(0).v4.to_string(), "10.99.48.0");
  const AddressPair last = plan.sandbox(kSandboxesMax - 1);
  EXPECT_TRUE(plan.v4.contains(last.v4)) << last.v4.to_string();
  EXPECT_TRUE(plan.v6->contains(*last.v6)) << last.v6->to_string();
  EXPECT_NE(plan.sandbox(1).v4, plan.sandbox(2).v4);
}

TEST(AddressPlan, ChoosesWhatNobodyHas) {
  const os::IpNet first = choose_range("tag", {}).value();
  EXPECT_EQ(choose_range("tag", {}).value(), first);
  const os::IpNet taken[] = {{first.address, 32}, net("192.168.0.0/16")};
  const os::IpNet second = choose_range("tag", taken).value();
  EXPECT_FALSE(second.overlaps(first));
  const os::IpNet all[] = {net("10.0.0.0/8")};
  EXPECT_FALSE(choose_range("tag", all));
}

TEST(AddressPlan, GivenRangesAreChecked) {
  EXPECT_TRUE(check_range(net("172.16.0.0/19"), {}));
  EXPECT_TRUE(check_range(net("172.16.0.0/12"), {}));
  EXPECT_FALSE(check_range(net("172.16.0.0/20"), {}));
  EXPECT_FALSE(check_range(net("fd00::/19"), {}));
  const os::IpNet taken[] = {net("172.16.5.0/24")};
  EXPECT_FALSE(check_range(net("172.16.0.0/19"), taken));
}

TEST(AddressPlan, NamesOfUplinksAreTheirOwn) {
  EXPECT_TRUE(is_uplink(uplink_name("one")));
  EXPECT_NE(uplink_name("one"), uplink_name("two"));
  for (const char* other : {"eth0", "lo", "lw", "lw1234567g", "lw123456789", "xx12345678"}) {
    EXPECT_FALSE(is_uplink(other)) << other;
  }
}

}  // namespace
}  // namespace lapwing::sandbox
