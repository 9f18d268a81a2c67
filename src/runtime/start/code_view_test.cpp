#include "runtime/start/code_view.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "runtime/extensions/extension_files.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {
namespace {

using Kind = CodePlace::Kind;

class CodeView : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/lapwing-code-view-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    base_ = path;
    code_ = base_ + "/code";
    layers_ = base_ + "/layers";
    for (const std::string& made : {code_, layers_, base_ + "/outside"}) {
      ASSERT_EQ(mkdir(made.c_str(), 0755), 0);
    }
    write(base_ + "/outside/secret", 0755);
  }
  void TearDown() override { ASSERT_TRUE(os::remove_tree(base_)); }

  static void write(const std::string& path, unsigned mode) {
    const int fd = open(path.c_str(), O_CREAT | O_WRONLY, mode);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(fchmod(fd, mode), 0);
    close(fd);
  }
  static void link(const std::string& path, const std::string& to) {
    ASSERT_EQ(symlink(to.c_str(), path.c_str()), 0);
  }
  CodePlace find(std::string_view path) const { return find_in_code({code_, layers_}, path); }

  std::string base_;
  std::string code_;
  std::string layers_;
};

TEST_F(CodeView, FilesAndDirectoriesOfBothTrees) {
  write(code_ + "/bootstrap", 0751);
  ASSERT_EQ(mkdir((layers_ + "/extensions").c_str(), 0755), 0);
  const CodePlace file = find("/var/task/bootstrap");
  EXPECT_EQ(file.kind, Kind::kFile);
  EXPECT_EQ(file.mode, 0751u);
  EXPECT_EQ(file.tree, code_);
  EXPECT_EQ(file.relative, "bootstrap");
  EXPECT_EQ(find("/opt/extensions").kind, Kind::kDirectory);
  EXPECT_EQ(find("/opt").relative, ".");
  EXPECT_EQ(find("/opt/nothing").kind, Kind::kMissing);
  EXPECT_EQ(find("/var/task/bootstrap/below").kind, Kind::kMissing);
}

TEST_F(CodeView, LinksLeadWhereTheyLeadInside) {
  write(layers_ + "/tool", 0755);
  ASSERT_EQ(mkdir((code_ + "/bin").c_str(), 0755), 0);
  link(code_ + "/absolute", "/opt/tool");
  link(code_ + "/relative", "../../opt/tool");
  link(code_ + "/bin/up", "../chain");
  link(code_ + "/chain", "./bin/../absolute");
  link(code_ + "/directory", "/opt");
  for (const char* path : {"/var/task/absolute", "/var/task/relative", "/var/task/bin/up",
                           "/var/task/directory/tool", "/var/task/../../../opt/tool"}) {
    EXPECT_EQ(find(path).kind, Kind::kFile) << path;
    EXPECT_EQ(find(path).tree, layers_) << path;
  }
}

// What lies on this machine is not seen, whatever way a link names it.
TEST_F(CodeView, LinksDoNotLeadOut) {
  link(code_ + "/absolute", base_ + "/outside/secret");
  link(code_ + "/relative", "../outside/secret");
  link(code_ + "/deep", "../../../../../../../.." + base_ + "/outside/secret");
  link(code_ + "/directory", base_ + "/outside");
  link(code_ + "/root", "/");
  link(code_ + "/magic", "/proc/self/root/etc/passwd");
  for (const char* path : {"/absolute", "/relative", "/deep", "/directory", "/directory/secret",
                           "/root", "/root/etc/passwd", "/magic"}) {
    EXPECT_EQ(find(std::string("/var/task") + path).kind, Kind::kElsewhere) << path;
  }
}

TEST_F(CodeView, CirclesEnd) {
  link(code_ + "/a", "b");
  link(code_ + "/b", "/var/task/a");
  link(code_ + "/0", "bootstrap");
  write(code_ + "/bootstrap", 0755);
  for (std::size_t i = 1; i <= kLinksFollowedMax; ++i) {
    link(code_ + "/" + std::to_string(i), std::to_string(i - 1));
  }
  EXPECT_EQ(find("/var/task/a").kind, Kind::kMissing);
  EXPECT_EQ(find("/var/task/" + std::to_string(kLinksFollowedMax - 1)).kind, Kind::kFile);
  EXPECT_EQ(find("/var/task/" + std::to_string(kLinksFollowedMax)).kind, Kind::kMissing);
}

// A few links can spell thousands of steps, each a look at the disk.
TEST_F(CodeView, LongWaysEnd) {
  write(code_ + "/bootstrap", 0755);
  ASSERT_EQ(mkdir((code_ + "/x").c_str(), 0755), 0);
  const auto detour = [](std::size_t times) {
    std::string way;
    while (times-- > 0) way += "x/../";
    return way + "bootstrap";
  };
  link(code_ + "/short", detour(100));
  link(code_ + "/long", detour(kStepsMax / 2));
  EXPECT_EQ(find("/var/task/short").kind, Kind::kFile);
  EXPECT_EQ(find("/var/task/long").kind, Kind::kMissing);
}

TEST_F(CodeView, ExtensionsAreThoseOfTheLayers) {
  ASSERT_EQ(mkdir((code_ + "/tools").c_str(), 0755), 0);
  write(code_ + "/tools/agent", 0755);
  link(layers_ + "/extensions", "/var/task/tools");
  EXPECT_EQ(extension_files({code_, layers_}), std::vector<std::string>{"agent"});
  ASSERT_EQ(unlink((layers_ + "/extensions").c_str()), 0);
  link(layers_ + "/extensions", base_ + "/outside");
  EXPECT_TRUE(extension_files({code_, layers_}).empty()) << "this machine's files";
}

}  // namespace
}  // namespace lapwing::runtime
