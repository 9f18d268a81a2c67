#include "os/cgroup_layout.hpp"

#include <gtest/gtest.h>

namespace lapwing::os {
namespace {

TEST(CgroupLayout, UnifiedUnderSystemd) {
  const auto layout = parse_cgroup_layout(
      "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n",
      "30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  EXPECT_TRUE(layout.v1.empty());
  EXPECT_EQ(layout.v2,
            "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope");
  EXPECT_EQ(layout.v2_top, "/sys/fs/cgroup");
}

TEST(CgroupLayout, HybridWithOwnPositions) {
  const auto layout = parse_cgroup_layout(
      "4:memory:/jobs/7\n2:cpu,cpuacct:/\n1:name=systemd:/init.scope\n0::/\n",
      "31 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "32 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "33 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(layout.v1.at("memory"), "/sys/fs/cgroup/memory/jobs/7");
  EXPECT_EQ(layout.v1.at("cpu"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(layout.v1.at("cpuacct"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(layout.v2, "/sys/fs/cgroup/unified");
}

// A container sees a part of the hierarchy mounted, and itself by the host's path.
TEST(CgroupLayout, SubtreeMounted) {
  const auto layout =
      parse_cgroup_layout("3:pids:/docker/abc/inner\n0::/../x\n",
                          "40 30 0:31 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
                          "41 30 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(layout.v1.at("pids"), "/sys/fs/cgroup/pids/inner");
  EXPECT_EQ(layout.v2, "/sys/fs/cgroup/unified");
}

TEST(CgroupLayout, NothingMounted) {
  const auto layout = parse_cgroup_layout("0::/\n", "1 0 8:1 / / rw - ext4 /dev/sda rw\n");
  EXPECT_TRUE(layout.v1.empty());
  EXPECT_TRUE(layout.v2.empty());
  EXPECT_TRUE(parse_cgroup_layout("garbage", "more garbage").v2.empty());
}

}  // namespace
}  // namespace lapwing::os
