#include "server/added_runtimes.hpp"

#include <fstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "server/sdk_trees.hpp"

namespace lapwing::server {
namespace {

class AddedRuntimesTest : public ::testing::Test {
 protected:
  AddedRuntimesTest() {
    char path[] = "/tmp/lapwing-added-XXXXXX";
    root_ = mkdtemp(path);
    added_ = std::make_unique<AddedRuntimes>(root_ + "/data");
  }
  ~AddedRuntimesTest() override { (void)os::remove_tree(root_); }
  void file(const std::string& path, const std::string& text, mode_t mode = 0644) {
    const std::string full = root_ + "/" + path;
    ASSERT_TRUE(os::make_directories(full.substr(0, full.rfind('/'))));
    std::ofstream(full) << text;
    chmod(full.c_str(), mode);
  }
  std::string python(const std::string& name, int minor, const std::string& mark = "") {
    const std::string x = "3." + std::to_string(minor);
    file(name + "/bin/python" + x, "#!" + mark, 0700);
    file(name + "/lib/python" + x + "/os.py", "", 0600);
    file(name + "/include/python" + x + "/patchlevel.h", "#define PY_VERSION \"" + x + ".7\"\n");
    (void)symlink(("python" + x).c_str(), (root_ + "/" + name + "/bin/python3").c_str());
    return root_ + "/" + name;
  }

  std::string root_;
  std::unique_ptr<AddedRuntimes> added_;
};

TEST_F(AddedRuntimesTest, KeepsTreesByContentUnderNames) {
  const std::string a = python("a", 13);
  const std::string b = python("b", 12);
  const auto first = added_->add("python3.13", a);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->version, "3.13.7");
  ASSERT_TRUE(added_->add("python3.12", b));
  const auto all = added_->list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "python3.12");
  EXPECT_EQ(all[1].tree, first->tree);

  // Whatever the modes were, sandboxes with their own user ids can read it.
  struct stat st{};
  ASSERT_EQ(stat((first->tree + "/bin/python3.13").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0755u);
  ASSERT_EQ(stat((first->tree + "/lib/python3.13/os.py").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0644u);
  ASSERT_EQ(lstat((first->tree + "/bin/python3").c_str(), &st), 0);
  EXPECT_TRUE(S_ISLNK(st.st_mode));

  EXPECT_EQ(added_->add("python3.13", a)->tree, first->tree);
}

TEST_F(AddedRuntimesTest, AReplacedOrRemovedTreeGoesWithTheNextSweep) {
  const auto first = added_->add("python3.13", python("a", 13));
  const auto second = added_->add("python3.13", python("b", 13, "other"));
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->tree, second->tree);
  EXPECT_TRUE(os::exists(first->tree));  // a server may still show it to sandboxes
  ASSERT_TRUE(added_->sweep());
  EXPECT_FALSE(os::exists(first->tree));
  EXPECT_TRUE(os::exists(second->tree));
  ASSERT_TRUE(added_->remove("python3.13"));
  EXPECT_TRUE(added_->list().empty());
  ASSERT_TRUE(added_->sweep());
  EXPECT_FALSE(os::exists(second->tree));
  EXPECT_EQ(added_->remove("python3.13").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(added_->remove("trees").error().kind(), ErrorKind::kNotFound);
}

TEST_F(AddedRuntimesTest, RefusesWhatTheNameDoesNotSay) {
  const std::string a = python("a", 13);
  const auto other = added_->add("python3.12", a);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message(), "no Python 3.12 below its bin/ (but Python 3.13.7)");
  EXPECT_FALSE(added_->add("ruby3.3", a));
  EXPECT_FALSE(added_->add("provided.al2023", a));
  EXPECT_FALSE(added_->add("../python3.13", a));
  EXPECT_FALSE(added_->add("java-client", a));
  EXPECT_FALSE(added_->add("python3.13", root_ + "/nowhere"));
  EXPECT_TRUE(added_->list().empty());
  EXPECT_FALSE(os::exists(root_ + "/data"));
}

TEST_F(AddedRuntimesTest, KnowsTheJavaClient) {
  file("client/lib/aws-lambda-java-runtime-interface-client-2.10.1.jar", "zip");
  const auto added = added_->add(kJavaClientName, root_ + "/client");
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_EQ(added->version, "2.10.1");
}

TEST_F(AddedRuntimesTest, KnowsTheSdks) {
  file("py/boto3/__init__.py", "");
  file("py/botocore/__init__.py", "");
  file("py/boto3-1.42.97.dist-info/METADATA",
       "Metadata-Version: 2.1\nName: boto3\nRequires-Python: >= 3.9\n\nIt needs...\n");
  file("js/node_modules/@aws-sdk/client-sts/package.json", "{\n  \"version\": \"3.9.1\"\n}\n");
  file("rb/gems/aws-sdk-core-3.168.1/lib/aws-sdk-core.rb", "");
  file("rb/specifications/aws-sdk-core-3.168.1.gemspec", "");
  struct Case {
    const char* name;
    const char* tree;
    const char* version;
    const char* shown;
    const char* point;
  };
  for (const Case& c :
       {Case{"sdk-python", "/py", "boto3 1.42.97", "", "sdk"},
        Case{"sdk-node", "/js", "client-sts 3.9.1", "/node_modules", "node_modules"},
        Case{"sdk-ruby", "/rb", "aws-sdk-core 3.168.1", "", "sdk"}}) {
    const auto added = added_->add(c.name, root_ + c.tree);
    ASSERT_TRUE(added) << added.error().message();
    EXPECT_EQ(added->version, c.version);
    const runtime::SdkMount mount = sdk_mount(*find_sdk_kind(c.name), added->tree);
    EXPECT_EQ(mount.source, added->tree + c.shown);
    EXPECT_EQ(mount.point, c.point);
  }
  EXPECT_EQ(added_->list().size(), 3u);
  const runtime::SdkMount python = sdk_mount(*find_sdk_kind("sdk-python"), root_ + "/py");
  runtime::Interpreter interpreter;
  interpreter.major = 3;
  for (const auto& [minor, fits] : {std::pair(8, false), {9, true}, {14, true}}) {
    interpreter.minor = minor;
    EXPECT_EQ(python.fits(interpreter), fits) << minor;
  }
  interpreter.language = runtime::Language::kRuby;
  EXPECT_FALSE(python.fits(interpreter));
  for (const SdkKind& kind : sdk_kinds()) {
    EXPECT_FALSE(added_->add(std::string(kind.name), root_ + "/nowhere"));
    EXPECT_FALSE(added_->add(std::string(kind.name), root_ + "/py/boto3"));
  }
  EXPECT_EQ(find_sdk_kind("sdk-java"), nullptr);
}

}  // namespace
}  // namespace lapwing::server
