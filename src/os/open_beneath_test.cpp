#include "os/open_beneath.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace lapwing::os {
namespace {

class OpenBeneath : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/lapwing-beneath-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    root_ = path;
    ASSERT_EQ(mkdir((root_ + "/in").c_str(), 0700), 0);
    ASSERT_EQ(symlink("in", (root_ + "/link").c_str()), 0);
    directory_.reset(open((root_ + "/in").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(directory_.valid());
  }
  void TearDown() override {
    unlink((root_ + "/in/file").c_str());
    unlink((root_ + "/in/out").c_str());
    unlink((root_ + "/link").c_str());
    rmdir((root_ + "/in").c_str());
    rmdir(root_.c_str());
  }
  std::string root_;
  UniqueFd directory_;
};

TEST_F(OpenBeneath, MakesAFile) {
  EXPECT_TRUE(open_beneath(directory_.get(), "file", O_WRONLY | O_CREAT | O_EXCL, 0600));
}

// As if the directory were the root of everything.
TEST_F(OpenBeneath, InRootEveryWayEndsInside) {
  ASSERT_TRUE(open_beneath(directory_.get(), "file", O_WRONLY | O_CREAT | O_EXCL, 0600));
  ASSERT_EQ(symlink("/file", (root_ + "/in/out").c_str()), 0);
  for (const char* path : {"file", "/file", "../file", "../../../file", "out", "/../out"}) {
    EXPECT_TRUE(open_in_root(directory_.get(), path, O_RDONLY)) << path;
  }
  for (const char* path : {"/etc/passwd", "../link", "../in/file"}) {
    EXPECT_FALSE(open_in_root(directory_.get(), path, O_RDONLY)) << path;
  }
  unlink((root_ + "/in/out").c_str());
  ASSERT_EQ(symlink("../../../etc/passwd", (root_ + "/in/out").c_str()), 0);
  EXPECT_FALSE(open_in_root(directory_.get(), "out", O_RDONLY));
}

TEST_F(OpenBeneath, RefusesWaysOut) {
  ASSERT_EQ(symlink("/etc", (root_ + "/in/out").c_str()), 0);
  for (const char* path : {"../link", "/etc/hostname", "out/hostname", "out"}) {
    EXPECT_FALSE(open_beneath(directory_.get(), path, O_RDONLY)) << path;
  }
}

}  // namespace
}  // namespace lapwing::os
