#include "os/file.hpp"

#include <cstdlib>
#include <sys/stat.h>

#include <gtest/gtest.h>

namespace lapwing::os {
namespace {

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/lapwing-os-test-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    directory_ = path;
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(directory_)); }
  std::string directory_;
};

TEST_F(FileTest, WritesAtomicallyAndReads) {
  const std::string path = directory_ + "/file";
  ASSERT_TRUE(write_atomically(path, "one"));
  ASSERT_TRUE(write_atomically(path, std::string(100'000, 'x'), 0600));
  EXPECT_EQ(read_file(path)->size(), 100'000u);
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(list_directory(directory_)->size(), 1u);
  EXPECT_EQ(read_file(path, 1000).error().kind(), ErrorKind::kTooLarge);
}

TEST_F(FileTest, MissingFilesAreNamed) {
  const auto missing = read_file(directory_ + "/none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(missing.error().detail().find("/none"), std::string::npos);
  EXPECT_FALSE(write_existing(directory_ + "/none", "x"));
  EXPECT_FALSE(exists(directory_ + "/none"));
}

TEST_F(FileTest, DirectoriesAndCopies) {
  ASSERT_TRUE(make_directories(directory_ + "/a/b/c"));
  ASSERT_TRUE(make_directories(directory_ + "/a/b/c"));
  EXPECT_TRUE(is_directory(directory_ + "/a/b"));
  ASSERT_TRUE(write_atomically(directory_ + "/a/run", "#!/bin/sh\n", 0755));
  ASSERT_TRUE(copy_file(directory_ + "/a/run", directory_ + "/a/b/copy"));
  struct stat info{};
  ASSERT_EQ(::stat((directory_ + "/a/b/copy").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755u);
  EXPECT_EQ(*read_file(directory_ + "/a/b/copy"), "#!/bin/sh\n");
  EXPECT_FALSE(make_directories(directory_ + "/a/run/below"));
}

TEST_F(FileTest, RemovingFollowsNoLinks) {
  ASSERT_TRUE(make_directories(directory_ + "/kept"));
  ASSERT_TRUE(write_atomically(directory_ + "/kept/file", "x"));
  ASSERT_TRUE(make_directories(directory_ + "/gone/inner"));
  ASSERT_EQ(::symlink((directory_ + "/kept").c_str(), (directory_ + "/gone/link").c_str()), 0);
  ASSERT_TRUE(remove_tree(directory_ + "/gone"));
  EXPECT_FALSE(exists(directory_ + "/gone"));
  EXPECT_TRUE(exists(directory_ + "/kept/file"));
  EXPECT_TRUE(remove_tree(directory_ + "/gone"));
}

}  // namespace
}  // namespace lapwing::os
