#include "services/lambda/package.hpp"

#include <fstream>
#include <ostream>
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

struct Looks {
  unsigned mode;
  std::int64_t modified_s;
  friend bool operator==(const Looks&, const Looks&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Looks& looks) {
    return out << std::oct << looks.mode << std::dec << " at " << looks.modified_s;
  }
};

Looks looks_of(const std::string& path) {
  struct stat st{};
  EXPECT_EQ(lstat(path.c_str(), &st), 0) << path;
  return {st.st_mode & 07777u, st.st_mtim.tv_sec};
}

TEST_F(Packages, EntriesKeepTheirTimesAndModes) {
  // 2024-01-01, in steps of days.
  constexpr std::int64_t kFirst = 1704067200;
  constexpr std::int64_t kDay = 86'400;
  const auto date = [](int day) { return static_cast<std::uint16_t>(0x5820 + day); };
  const auto hold = packages().install(put(testing::build_zip(
      {{.name = "d/", .mode = 0040511, .date = date(2)},
       {.name = "d/e/", .mode = 0040700, .date = date(3)},
       {.name = "d/e/file", .content = "x", .mode = 0100741, .date = date(4)},
       {.name = "link", .content = "/nowhere", .mode = 0120777, .date = date(5)},
       {.name = "windows", .content = "x", .mode = 0, .made_by = 0x0014, .date = date(6)}})));
  ASSERT_TRUE(hold) << hold.error().to_log();
  const std::string dir = (*hold)->directory;
  EXPECT_EQ(looks_of(dir + "/d"), (Looks{0511, kFirst + kDay}));
  EXPECT_EQ(looks_of(dir + "/d/e"), (Looks{0700, kFirst + 2 * kDay}));
  EXPECT_EQ(looks_of(dir + "/d/e/file"), (Looks{0741, kFirst + 3 * kDay}));
  EXPECT_EQ(looks_of(dir + "/link").modified_s, kFirst + 4 * kDay);
  EXPECT_EQ(looks_of(dir + "/windows"), (Looks{0644, kFirst + 5 * kDay}));
}

TEST_F(Packages, LayersKeepThemWhenTheyAreMerged) {
  constexpr std::int64_t kFirst = 1704067200;
  constexpr std::int64_t kDay = 86'400;
  const auto date = [](int day) { return static_cast<std::uint16_t>(0x5820 + day); };
  const std::string lower = put(testing::build_zip(
      {{.name = "python/", .mode = 0040755, .date = date(2)},
       {.name = "python/a.py", .content = "a", .date = date(3)},
       {.name = "python/old", .content = "/tmp", .mode = 0120777, .date = date(3)}}));
  const std::string upper = put(
      testing::build_zip({{.name = "python/", .mode = 0040711, .date = date(4)},
                          {.name = "python/b.py", .content = "b", .mode = 0100600, .date = date(5)},
                          {.name = "python/closed/", .mode = 0040555, .date = date(6)},
                          {.name = "python/closed/c.py", .content = "c", .date = date(7)},
                          {.name = "python/old/", .mode = 0040755, .date = date(8)},
                          {.name = "python/old/x", .content = "x", .date = date(8)}}));
  const mode_t before = umask(0077);
  const auto hold = packages().install_layers({lower, upper});
  umask(before);
  ASSERT_TRUE(hold) << hold.error().to_log();
  const std::string python = (*hold)->directory + "/python";
  EXPECT_EQ(looks_of(python), (Looks{0711, kFirst + 3 * kDay}));
  EXPECT_EQ(looks_of(python + "/a.py"), (Looks{0644, kFirst + 2 * kDay}));
  EXPECT_EQ(looks_of(python + "/b.py"), (Looks{0600, kFirst + 4 * kDay}));
  EXPECT_EQ(looks_of(python + "/closed"), (Looks{0555, kFirst + 5 * kDay}));
  EXPECT_EQ(looks_of(python + "/closed/c.py").modified_s, kFirst + 6 * kDay);
  EXPECT_EQ(looks_of(python + "/old"), (Looks{0755, kFirst + 7 * kDay})) << "no longer a link";
}

// An archive may name files only: what directories those are in look like, it does not say.
TEST_F(Packages, ALayerThatDoesNotNameADirectoryDoesNotChangeItsLooks) {
  constexpr std::int64_t kFirst = 1704067200;
  constexpr std::int64_t kDay = 86'400;
  const auto date = [](int day) { return static_cast<std::uint16_t>(0x5820 + day); };
  const std::string lower =
      put(testing::build_zip({{.name = "python/", .mode = 0040711, .date = date(2)},
                              {.name = "python/lib/", .mode = 0040555, .date = date(3)},
                              {.name = "python/lib/a.py", .content = "a", .date = date(4)},
                              {.name = "bin/tool", .content = "lower", .date = date(5)}}));
  const std::string middle =
      put(testing::build_zip({{.name = "python/lib/b.py", .content = "b", .date = date(6)},
                              {.name = "bin/", .mode = 0040700, .date = date(7)},
                              {.name = "bin/tool", .content = "middle", .date = date(8)}}));
  const std::string upper =
      put(testing::build_zip({{.name = "bin/tool", .content = "upper", .date = date(9)}}));
  const auto hold = packages().install_layers({lower, middle, upper});
  ASSERT_TRUE(hold) << hold.error().to_log();
  const std::string dir = (*hold)->directory;
  EXPECT_EQ(looks_of(dir + "/python"), (Looks{0711, kFirst + kDay}));
  EXPECT_EQ(looks_of(dir + "/python/lib"), (Looks{0555, kFirst + 2 * kDay}));
  EXPECT_EQ(looks_of(dir + "/python/lib/b.py").modified_s, kFirst + 5 * kDay);
  EXPECT_EQ(looks_of(dir + "/bin"), (Looks{0700, kFirst + 6 * kDay})) << "named by the second";
  EXPECT_EQ(slurp(dir + "/bin/tool"), "upper");
}

// Links to this machine's files: neither unpacking, merging nor removing touches what they name.
TEST_F(Packages, LinksOutAreKeptAndFollowedByNobody) {
  const std::string outside = data_ + "/outside";
  ASSERT_EQ(mkdir(outside.c_str(), 0755), 0);
  std::ofstream(outside + "/file") << "mine";
  const auto link = [](std::string name, std::string to) {
    return testing::ZipInput{.name = std::move(name), .content = std::move(to), .mode = 0120777};
  };
  const Looks before = looks_of(outside);
  const Looks file_before = looks_of(outside + "/file");
  const std::string lower =
      put(testing::build_zip({link("d", outside), link("file", outside + "/file"),
                              link("up", "../../../../outside"), link("both", outside)}));
  const std::string upper = put(testing::build_zip({{.name = "d/", .mode = 0040700},
                                                    {.name = "d/file", .content = "theirs"},
                                                    {.name = "file", .content = "theirs"},
                                                    link("both", outside)}));
  auto one = packages().install(lower);
  ASSERT_TRUE(one) << one.error().to_log();
  auto merged = packages().install_layers({lower, upper});
  ASSERT_TRUE(merged) << merged.error().to_log();
  char target[256] = {};
  ASSERT_GT(readlink(((*one)->directory + "/d").c_str(), target, sizeof target - 1), 0);
  EXPECT_EQ(std::string(target), outside);
  EXPECT_EQ(slurp((*merged)->directory + "/d/file"), "theirs");
  EXPECT_EQ(slurp((*merged)->directory + "/file"), "theirs");
  *one = nullptr;
  *merged = nullptr;
  EXPECT_EQ(packages().sweep({}).value(), 2u);
  EXPECT_EQ(slurp(outside + "/file"), "mine");
  EXPECT_EQ(looks_of(outside), before);
  EXPECT_EQ(looks_of(outside + "/file"), file_before);
}

TEST_F(Packages, WhatTheDiskHasNoRoomForIsRefused) {
  const os::DiskSpace tight(data_, UINT64_MAX / 4);
  PackageStore store(data_, engine_->blobs(), random_, null_logger(), &tight);
  const std::string sha = put(testing::hello_zip());
  const auto refused = store.install(sha);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(os::is_disk_full(refused.error()));
  EXPECT_EQ(on_disk(), 0u);
  EXPECT_TRUE(packages().install(sha));
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
