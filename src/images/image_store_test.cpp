#include "images/image_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "images/testing/tar_builder.hpp"
#include "os/file.hpp"

namespace lapwing::images {
namespace {

using testing::LayoutSpec;
using testing::ScratchDirectory;
using testing::TarBuilder;

class Store : public ::testing::Test {
 protected:
  Store() {
    EXPECT_TRUE(os::make_directories(data_));
    reopen();
  }
  void reopen() {
    store_.reset();
    ImageOptions options;
    options.data_dir = data_;
    options.layouts = {scratch_ / "layouts"};
    store_ = std::make_unique<ImageStore>(options, clock_, random_, null_logger());
    EXPECT_TRUE(store_->prepare());
  }
  // Installs what a layout holds.
  Result<ImageHoldPtr> install(const std::string& name) {
    LAPWING_TRY(const ResolvedImage resolved, store_->resolve("oci:" + layouts_ + name));
    return store_->install(resolved.uri);
  }
  std::vector<std::string> images() { return *os::list_directory(data_ + "/images"); }
  // A file of a layout changes.
  void spoil(const std::string& layout, const std::string& hex, std::string_view content) {
    ASSERT_TRUE(os::write_atomically(layouts_ + layout + "/blobs/sha256/" + hex, content));
  }

  ScratchDirectory scratch_;
  std::string data_ = scratch_ / "data";
  std::string layouts_ = scratch_ / "layouts/";
  SystemClock clock_;
  SeededRandom random_{3};
  std::unique_ptr<ImageStore> store_;
};

TEST_F(Store, AnImageThatTheDiskHasNoRoomForIsRefused) {
  const std::string tar = TarBuilder().file("app", std::string(100'000, 'x')).bytes();
  testing::write_layout(layouts_ + "a", LayoutSpec{.layers = {tar}, .plain_layers = {tar}});
  const os::DiskSpace tight(data_, UINT64_MAX / 4);
  ImageOptions options;
  options.data_dir = data_;
  options.layouts = {scratch_ / "layouts"};
  options.disk = &tight;
  store_ = std::make_unique<ImageStore>(options, clock_, random_, null_logger());
  const auto refused = install("a");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(os::is_disk_full(refused.error())) << refused.error().to_log();
  EXPECT_TRUE(images().empty());
}

TEST_F(Store, InstallsOnceAndSweepsWhatNobodyHolds) {
  const std::string base = TarBuilder().file("app", "v1").file("gone", "x").bytes();
  const std::string top = TarBuilder().file("app", "v2").file(".wh.gone", "").bytes();
  const std::string digest = testing::write_layout(
      layouts_ + "a",
      LayoutSpec{.layers = {testing::gzip(base), testing::zstd(top)}, .plain_layers = {base, top}});
  auto hold = install("a");
  ASSERT_TRUE(hold) << hold.error().to_log();
  EXPECT_EQ(*os::read_file((*hold)->root + "/app"), "v2");
  EXPECT_FALSE(os::exists((*hold)->root + "/gone"));
  EXPECT_EQ((*hold)->config.command, std::vector<std::string>{"/app"});
  EXPECT_EQ(images(), std::vector<std::string>{digest});
  const auto again = install("a");
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->root, (*hold)->root);

  EXPECT_EQ(*store_->sweep({}), 0u);  // held
  const std::string root = (*hold)->root;
  hold = nullptr;
  const_cast<Result<ImageHoldPtr>&>(again) = nullptr;
  EXPECT_EQ(*store_->sweep({digest}), 0u);  // named
  EXPECT_EQ(*store_->sweep({}), 1u);
  EXPECT_TRUE(images().empty());
  EXPECT_EQ(store_->hold(digest), nullptr);
  // What comes back is another directory: somebody may still have the old one mounted.
  hold = install("a");
  ASSERT_TRUE(hold);
  EXPECT_NE((*hold)->root, root);
}

TEST_F(Store, FindsWhatAnEarlierRunLeftAndRemovesWhatItBegan) {
  const std::string digest =
      testing::write_layout(layouts_ + "a", {.layers = {TarBuilder().file("f", "1").bytes()}});
  ASSERT_TRUE(install("a"));
  ASSERT_TRUE(os::make_directories(data_ + "/images/.making-1/root-1/d"));
  ASSERT_TRUE(os::make_directories(data_ + "/images/.gone-1/x"));
  reopen();
  EXPECT_EQ(images(), std::vector<std::string>{digest});
  const auto hold = store_->hold(digest);
  ASSERT_NE(hold, nullptr);
  EXPECT_EQ(*os::read_file(hold->root + "/f"), "1");
}

TEST_F(Store, TagsAndArchives) {
  testing::write_layout(layouts_ + "a",
                        {.layers = {TarBuilder().file("f", "one").bytes()}, .tag = "v1"});
  testing::write_layout(layouts_ + "a",
                        {.layers = {TarBuilder().file("f", "two").bytes()}, .tag = "v2"});
  EXPECT_EQ(*os::read_file((*install("a:v1"))->root + "/f"), "one");
  EXPECT_EQ(*os::read_file((*install("a:v2"))->root + "/f"), "two");
  EXPECT_EQ(install("a:v3").error().kind(), ErrorKind::kNotFound);
  const auto which = install("a");
  ASSERT_FALSE(which);
  EXPECT_NE(which.error().message().find("v1 v2"), std::string::npos);

  TarBuilder tar;
  for (const std::string& name : *os::list_directory(layouts_ + "a/blobs/sha256")) {
    tar.file("./blobs/sha256/" + name, *os::read_file(layouts_ + "a/blobs/sha256/" + name));
  }
  tar.file("index.json", *os::read_file(layouts_ + "a/index.json"));
  ASSERT_TRUE(os::write_atomically(layouts_ + "a.tar", tar.bytes()));
  const auto resolved = store_->resolve("oci-archive:" + layouts_ + "a.tar:v2");
  ASSERT_TRUE(resolved) << resolved.error().to_log();
  const auto hold = store_->install(resolved->uri);
  ASSERT_TRUE(hold) << hold.error().to_log();
  EXPECT_EQ(*os::read_file((*hold)->root + "/f"), "two");
}

TEST_F(Store, DamagedImagesLeaveNothing) {
  const std::string layer = TarBuilder().file("f", "1").bytes();
  const LayoutSpec good{.layers = {layer}};
  struct Case {
    std::string name;
    LayoutSpec spec;
    ErrorKind kind;
  };
  const std::string escape = TarBuilder().file("../f", "1").bytes();
  const Case cases[] = {
      {"escape", {.layers = {escape}}, ErrorKind::kInvalid},
      {"no-tar", {.layers = {std::string(2000, 'x')}}, ErrorKind::kInvalid},
      {"cut", {.layers = {layer.substr(0, 700)}}, ErrorKind::kInvalid},
      {"other",
       {.layers = {testing::gzip(layer)}, .plain_layers = {layer + "x"}},
       ErrorKind::kInvalid},
      {"fewer", {.layers = {layer, layer}, .plain_layers = {layer}}, ErrorKind::kInvalid}};
  for (const Case& one : cases) {
    testing::write_layout(layouts_ + one.name, one.spec);
    const auto hold = install(one.name);
    ASSERT_FALSE(hold) << one.name;
    EXPECT_EQ(hold.error().kind(), one.kind) << hold.error().to_log();
    EXPECT_TRUE(images().empty()) << one.name;
  }
  // Blobs that are not what their names say.
  testing::write_layout(layouts_ + "good", good);
  const auto resolved = store_->resolve("oci:" + layouts_ + "good");
  ASSERT_TRUE(resolved);
  for (const std::string& name : *os::list_directory(layouts_ + "good/blobs/sha256")) {
    const std::string path = layouts_ + "good/blobs/sha256/" + name;
    const std::string content = *os::read_file(path);
    spoil("good", name, content + " ");
    EXPECT_FALSE(store_->install(resolved->uri)) << name;
    std::string same_size = content;
    same_size.back() = static_cast<char>(same_size.back() ^ 1);
    spoil("good", name, same_size);
    EXPECT_FALSE(store_->install(resolved->uri)) << name;
    ASSERT_EQ(::unlink(path.c_str()), 0);
    const auto gone = store_->install(resolved->uri);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().kind(), ErrorKind::kNotFound) << gone.error().to_log();
    spoil("good", name, content);
    EXPECT_TRUE(images().empty());
  }
  EXPECT_TRUE(store_->install(resolved->uri));
}

TEST_F(Store, LayoutsLieWhereTheyMay) {
  testing::write_layout(scratch_ / "elsewhere", {.layers = {}});
  ASSERT_EQ(::symlink((scratch_ / "elsewhere").c_str(),
                      (layouts_.substr(0, layouts_.size() - 1) + "-link").c_str()),
            0);
  ASSERT_TRUE(os::make_directories(layouts_));
  ASSERT_EQ(::symlink((scratch_ / "elsewhere").c_str(), (layouts_ + "link").c_str()), 0);
  for (const std::string& name : {scratch_ / "elsewhere", scratch_ / "none", layouts_ + "link",
                                  std::string("/etc/passwd"), scratch_ / "layouts-link"}) {
    const auto resolved = store_->resolve("oci:" + name);
    ASSERT_FALSE(resolved) << name;
    EXPECT_EQ(resolved.error().kind(), ErrorKind::kDenied) << name;
  }
  // A link inside a layout leads out just as well.
  testing::write_layout(layouts_ + "a", {.layers = {}});
  ASSERT_EQ(::unlink((layouts_ + "a/index.json").c_str()), 0);
  ASSERT_EQ(
      ::symlink((scratch_ / "elsewhere/index.json").c_str(), (layouts_ + "a/index.json").c_str()),
      0);
  EXPECT_FALSE(store_->resolve("oci:" + layouts_ + "a"));
  // What holds up everybody who opens it.
  ASSERT_EQ(::unlink((layouts_ + "a/index.json").c_str()), 0);
  ASSERT_EQ(::mkfifo((layouts_ + "a/index.json").c_str(), 0600), 0);
  EXPECT_FALSE(store_->resolve("oci:" + layouts_ + "a"));
}

TEST_F(Store, NothingBeginsAfterStop) {
  testing::write_layout(layouts_ + "a", {.layers = {TarBuilder().file("f", "1").bytes()}});
  const auto resolved = store_->resolve("oci:" + layouts_ + "a");
  ASSERT_TRUE(resolved);
  store_->stop();
  const auto hold = store_->install(resolved->uri);
  ASSERT_FALSE(hold);
  EXPECT_EQ(hold.error().kind(), ErrorKind::kCancelled);
  EXPECT_TRUE(images().empty());
  const auto asked = store_->resolve("127.0.0.1:1/a:b");
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().kind(), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lapwing::images
