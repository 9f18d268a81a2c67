#include "images/layer_unpacker.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "images/limits.hpp"
#include "images/testing/tar_builder.hpp"
#include "os/file.hpp"

namespace lapwing::images {
namespace {

using testing::ScratchDirectory;
using testing::TarBuilder;

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t got = text_.copy(into, size, at_);
    at_ += got;
    return got;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

class Unpacking : public ::testing::Test {
 protected:
  Unpacking() {
    EXPECT_TRUE(os::make_directories(root_));
    EXPECT_TRUE(os::write_atomically(scratch_ / "outside", "untouched"));
  }
  Status apply(const std::vector<TarBuilder>& layers) {
    LAPWING_TRY(LayerUnpacker unpacker, LayerUnpacker::open(root_, budget_, stopping_));
    for (const TarBuilder& layer : layers) {
      TextSource source(layer.bytes());
      TarReader tar(source);
      LAPWING_CHECK(unpacker.apply(tar));
    }
    return unpacker.finish();
  }
  std::string content(const std::string& path) {
    const auto text = os::read_file(root_ + "/" + path);
    return text ? *text : "(none)";
  }
  struct stat look(const std::string& path) {
    struct stat st{};
    (void)::lstat((root_ + "/" + path).c_str(), &st);
    return st;
  }
  bool there(const std::string& path) { return os::exists(root_ + "/" + path); }

  ScratchDirectory scratch_;
  std::string root_ = scratch_ / "root";
  UnpackBudget budget_{kUnpackedBytesMax, kEntriesMax};
  std::atomic<bool> stopping_{false};
};

TEST_F(Unpacking, KeepsContentsModesLinksAndTimes) {
  ASSERT_TRUE(apply({TarBuilder()
                         .directory("usr/bin", 0755)
                         .file("usr/bin/tool", "#!", 04755)
                         .hard_link("usr/bin/other", "usr/bin/tool")
                         .symlink("bin", "usr/bin")
                         .file("secret", "x", 0)}));
  EXPECT_EQ(content("bin/tool"), "#!");
  EXPECT_EQ(look("usr/bin/tool").st_mode & 07777, 0755u);  // set-id is dropped
  EXPECT_EQ(look("usr/bin/tool").st_nlink, 2u);
  EXPECT_EQ(look("usr/bin/tool").st_mtime, 1'700'000'000);
  EXPECT_EQ(look("secret").st_mode & 07777, 0400u);
  EXPECT_TRUE(S_ISLNK(look("bin").st_mode));
}

TEST_F(Unpacking, UpperLayersReplaceAndFollowLinksInTheRoot) {
  ASSERT_TRUE(apply({TarBuilder().directory("usr/lib").symlink("lib", "/usr/lib").file("f", "1"),
                     TarBuilder().file("lib/new", "2").file("f", "3").directory("usr/lib")}));
  EXPECT_EQ(content("usr/lib/new"), "2");
  EXPECT_TRUE(S_ISLNK(look("lib").st_mode));
  EXPECT_EQ(content("f"), "3");
}

TEST_F(Unpacking, KindsReplaceOneAnother) {
  ASSERT_TRUE(apply({TarBuilder().file("a/x", "1").file("b", "2").symlink("c", "/b"),
                     TarBuilder().file("a", "now a file").directory("b").file("c", "no link")}));
  EXPECT_EQ(content("a"), "now a file");
  EXPECT_TRUE(S_ISDIR(look("b").st_mode));
  EXPECT_EQ(content("c"), "no link");
}

TEST_F(Unpacking, WhiteoutsTakeAwayWhatLayersBelowHave) {
  ASSERT_TRUE(apply({TarBuilder().file("d/a", "1").file("d/b", "2").file("e/f/g", "3"),
                     TarBuilder().file("d/.wh.a", "").file("d/c", "4").file(".wh.e", "")}));
  EXPECT_FALSE(there("d/a"));
  EXPECT_EQ(content("d/b"), "2");
  EXPECT_EQ(content("d/c"), "4");
  EXPECT_FALSE(there("e"));
  EXPECT_FALSE(there("d/.wh.a"));
}

TEST_F(Unpacking, OpaqueDirectoriesHideOnlyWhatIsBelow) {
  ASSERT_TRUE(
      apply({TarBuilder().file("d/a", "1").file("d/s/b", "2"),
             TarBuilder().file("d/s/new", "3").file("d/.wh..wh..opq", "").file("d/x", "4")}));
  EXPECT_FALSE(there("d/a"));
  EXPECT_FALSE(there("d/s/b"));
  EXPECT_EQ(content("d/s/new"), "3");
  EXPECT_EQ(content("d/x"), "4");
}

TEST_F(Unpacking, PathsThatLeadOutAreRefused) {
  for (const char* path : {"../outside", "a/../../outside", "..", "a/.."}) {
    const Status done = apply({TarBuilder().file(path, "x")});
    ASSERT_FALSE(done) << path;
    EXPECT_EQ(done.error().kind(), ErrorKind::kInvalid) << path;
  }
  EXPECT_EQ(*os::read_file(scratch_ / "outside"), "untouched");
}

TEST_F(Unpacking, AbsolutePathsAreInside) {
  ASSERT_TRUE(apply({TarBuilder().file("/etc/app", "x").file("//a//./b", "y")}));
  EXPECT_EQ(content("etc/app"), "x");
  EXPECT_EQ(content("a/b"), "y");
}

// The same attack along every kind of link: what they lead to is looked for in the root.
TEST_F(Unpacking, LinksLeadNowhereOutside) {
  const std::string outside = scratch_.path();
  ASSERT_TRUE(apply({TarBuilder()
                         .directory(outside.substr(1))  // so that the link leads somewhere inside
                         .symlink("absolute", outside)
                         .symlink("up", "../../../../../.." + outside)
                         .file("absolute/outside", "evil")
                         .file("up/outside2", "evil")
                         .file("up/.wh.outside", "")}));
  EXPECT_EQ(*os::read_file(scratch_ / "outside"), "untouched");
  EXPECT_FALSE(os::exists(scratch_ / "outside2"));
}

TEST_F(Unpacking, ALinkIsReplacedNeverWrittenThrough) {
  ASSERT_TRUE(apply({TarBuilder()
                         .symlink("f", scratch_ / "outside")
                         .file("f", "evil")
                         .symlink("g", scratch_ / "outside"),
                     TarBuilder().file("g", "evil")}));
  EXPECT_EQ(*os::read_file(scratch_ / "outside"), "untouched");
  EXPECT_EQ(content("f"), "evil");
}

TEST_F(Unpacking, HardLinksStayInside) {
  const std::vector<TarBuilder> hostile = {
      TarBuilder().hard_link("f", scratch_ / "outside"),
      TarBuilder().hard_link("f", "../outside"),
      TarBuilder().symlink("d", scratch_.path()).hard_link("f", "d/outside"),
      TarBuilder().hard_link("f", "nothing"),
      TarBuilder().directory("d").hard_link("f", "d"),
      TarBuilder().hard_link("f", "/")};
  for (const TarBuilder& layer : hostile) {
    const Status done = apply({layer});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::kInvalid) << done.error().to_log();
  }
  struct stat st{};
  ASSERT_EQ(::stat((scratch_ / "outside").c_str(), &st), 0);
  EXPECT_EQ(st.st_nlink, 1u);
}

TEST_F(Unpacking, AHardLinkToALinkIsThatLink) {
  ASSERT_TRUE(apply({TarBuilder().symlink("l", scratch_ / "outside").hard_link("f", "l")}));
  EXPECT_TRUE(S_ISLNK(look("f").st_mode));
}

TEST_F(Unpacking, DevicesAndFifosAreLeftOut) {
  ASSERT_TRUE(apply({TarBuilder()
                         .entry('3', "dev/sda", "", 0666, 0, "")
                         .entry('4', "dev/loop", "", 0666, 0, "")
                         .entry('6', "fifo", "", 0666, 0, "")}));
  EXPECT_FALSE(there("dev/sda"));
  EXPECT_FALSE(there("fifo"));
}

TEST_F(Unpacking, LoopsOfLinksAndFilesAsDirectoriesAreRefused) {
  for (const TarBuilder& layer : {TarBuilder().symlink("a", "b").symlink("b", "a").file("a/x", ""),
                                  TarBuilder().file("f", "").file("f/x", ""),
                                  TarBuilder().symlink("n", "nowhere").file("n/x", "")}) {
    const Status done = apply({layer});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::kInvalid) << done.error().to_log();
  }
}

// Links make a tree deeper than any one path is.
TEST_F(Unpacking, DepthIsCountedWhereItReallyIs) {
  std::string deep;
  for (int i = 0; i < 45; ++i) deep += "d/";
  const Status done = apply({TarBuilder()
                                 .directory(deep)
                                 .symlink("a", deep)
                                 .directory("a/" + deep)
                                 .symlink("b", "a/" + deep)
                                 .directory("b/" + deep)});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("too deep"), std::string::npos) << done.error().to_log();
}

TEST_F(Unpacking, WhiteoutsOfNothingAreRefused) {
  for (const char* path : {".wh.", ".wh..", ".wh...", "d/.wh..."}) {
    const Status done = apply({TarBuilder().directory("d").file(path, "")});
    EXPECT_FALSE(done) << path;
  }
  EXPECT_TRUE(os::exists(scratch_ / "outside"));
}

TEST_F(Unpacking, BudgetsHold) {
  budget_ = {10, 100};
  EXPECT_TRUE(apply({TarBuilder().file("a", "0123456789")}));
  auto done = apply({TarBuilder().file("b", "01234"), TarBuilder().file("b", "012345")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::kTooLarge);
  budget_ = {10, 2};
  done = apply({TarBuilder().directory("x").directory("y").directory("z")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::kTooLarge);
}

TEST_F(Unpacking, EndsWhenTheServerDoes) {
  stopping_ = true;
  const Status done = apply({TarBuilder().file("a", "x")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::kCancelled);
}

// A link at a mount point would have the sandbox's mounts made elsewhere.
TEST_F(Unpacking, MountPointsAreNoLinks) {
  ASSERT_TRUE(apply({TarBuilder()
                         .symlink("dev", scratch_.path())
                         .symlink("proc", "/")
                         .symlink("sys", "/")
                         .file("tmp", "a file")
                         .directory("etc")
                         .symlink("etc/resolv.conf", "../run/resolv.conf")
                         .directory("etc/hosts")}));
  for (const char* path : {"dev", "proc", "sys", "tmp"})
    EXPECT_TRUE(S_ISDIR(look(path).st_mode)) << path;
  EXPECT_TRUE(S_ISREG(look("etc/resolv.conf").st_mode));
  EXPECT_TRUE(S_ISREG(look("etc/hosts").st_mode));
}

TEST_F(Unpacking, AnEtcElsewhereIsRefused) {
  EXPECT_FALSE(apply({TarBuilder().symlink("etc", scratch_.path())}));
}

TEST_F(Unpacking, AnEmptyImageHasItsMountPoints) {
  ASSERT_TRUE(apply({}));
  EXPECT_TRUE(S_ISREG(look("etc/hosts").st_mode));
}

}  // namespace
}  // namespace lapwing::images
