#include "os/unique_fd.hpp"

#include <fcntl.h>

#include <gtest/gtest.h>

namespace lapwing::os {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(raw, 0);
  {
    UniqueFd first(raw);
    UniqueFd second(std::move(first));
    EXPECT_FALSE(first.valid());
    EXPECT_EQ(second.get(), raw);
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFd, ReleaseGivesAway) {
  UniqueFd owner(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int raw = owner.release();
  owner.reset();
  EXPECT_TRUE(is_open(raw));
  UniqueFd back(raw);
  UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  back = std::move(other);
  EXPECT_FALSE(is_open(raw));
  EXPECT_TRUE(is_open(back.get()));
}

}  // namespace
}  // namespace lapwing::os
