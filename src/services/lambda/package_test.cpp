#include "services/lambda/package.hpp"

#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "services/lambda/package_tree.hpp"
#include "services/lambda/testing/zip_builder.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::lambda {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class Packages : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/lapwing-packages-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    data_ = path;
    ASSERT_TRUE(packages().prepare());
  }
  void TearDown() override { ASSERT_TRUE(remove_tree(data_)); }

  PackageStore& packages() {
    if (!packages_) {
      packages_ = std::make_unique<PackageStore>(data_, engine_->blobs(), random_, null_logger());
    }
    return *packages_;
  }
  std::string put(const std::string& zip) { return engine_->blobs().put(as_bytes(zip))->id.hex(); }
  std::size_t on_disk() { return list_directory(data_ + "/code")->size(); }

  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<store::Engine> engine_ = store::make_memory_engine(clock_);
  std::string data_;
  std::unique_ptr<PackageStore> packages_;
};

TEST_F(Packages, UnpacksWithModesAndLinks) {
  const auto hold = packages().install(put(testing::python_made_zip()));
  ASSERT_TRUE(hold) << hold.error().to_log();
  const std::string dir = (*hold)->directory;
  EXPECT_EQ(slurp(dir + "/data/deep/x.txt"), std::string(5000, 'x'));
  EXPECT_EQ(slurp(dir + "/bin/link"), "#!/bin/sh\necho tool\n");
  struct stat st{};
  ASSERT_EQ(stat((dir + "/bin/tool").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0755u);
  ASSERT_EQ(stat((dir + "/lambda_function.py").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0644u);
}

TEST_F(Packages, ModesDoNotDependOnTheUmask) {
  const mode_t before = umask(0077);
  const auto hold = packages().install(put(testing::python_made_zip()));
  umask(before);
  ASSERT_TRUE(hold) << hold.error().to_log();
  struct stat st{};
  for (const char* path : {"", "/data", "/data/deep"}) {
    ASSERT_EQ(stat(((*hold)->directory + path).c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0755u) << path;
  }
}

TEST_F(Packages, EqualCodeIsUnpackedOnce) {
  const std::string sha = put(testing::hello_zip());
  const auto one = packages().install(sha);
  const auto two = packages().install(sha);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->get(), two->get());
  EXPECT_EQ(on_disk(), 1u);
}

TEST_F(Packages, SweepKeepsWhatIsHeldOrReferenced) {
  const std::string held_sha = put(testing::hello_zip("a"));
  const std::string named_sha = put(testing::hello_zip("b"));
  const std::string free_sha = put(testing::hello_zip("c"));
  auto held = packages().install(held_sha);
  ASSERT_TRUE(held);
  ASSERT_TRUE(packages().install(named_sha));
  ASSERT_TRUE(packages().install(free_sha));
  EXPECT_EQ(packages().sweep({named_sha}).value(), 1u);
  EXPECT_EQ(packages().hold(free_sha), nullptr);
  EXPECT_NE(packages().hold(named_sha), nullptr);
  EXPECT_EQ(slurp((*held)->directory + "/lambda_function.py"), "a");
  *held = nullptr;
  EXPECT_EQ(packages().sweep({named_sha}).value(), 1u);
  EXPECT_EQ(on_disk(), 1u);
}

TEST_F(Packages, DamagedPackageLeavesNothing) {
  std::string zip = testing::build_zip(
      {{.name = "a", .content = "x"}, {.name = "b", .content = "y", .claimed_crc = 1}});
  const auto hold = packages().install(put(zip));
  ASSERT_FALSE(hold);
  EXPECT_EQ(hold.error().code(), "InvalidParameterValueException");
  EXPECT_EQ(on_disk(), 0u);
}

TEST_F(Packages, PrepareRemovesWhatWasHalfMade) {
  const std::string left = data_ + "/code/.making-x";
  ASSERT_EQ(mkdir(left.c_str(), 0700), 0);
  std::ofstream(left + "/file") << "half";
  ASSERT_EQ(mkdir((left + "/closed").c_str(), 0), 0);
  packages_ = nullptr;
  ASSERT_TRUE(packages().prepare());
  EXPECT_EQ(on_disk(), 0u);
}

}  // namespace
}  // namespace lapwing::lambda
