#include "server/embedded_files.hpp"

#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

namespace lapwing::server {
namespace {

TEST(EmbeddedFiles, CarryTheBootstrapsAndAreInstalledOnce) {
  char dir[] = "/tmp/lapwing-embedded-XXXXXX";
  const std::string data_dir = mkdtemp(dir);
  const auto first = install_files(data_dir, embedded_runtimes());
  ASSERT_TRUE(first) << first.error().to_log();
  std::ifstream file(*first + "/python/runtime/bootstrap.py");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find("import"), std::string::npos);
  struct stat st{};
  ASSERT_EQ(stat((*first + "/node/runtime/bootstrap.cjs").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0755u);
  EXPECT_EQ(install_files(data_dir, embedded_runtimes()).value(), *first);
  [[maybe_unused]] const int rc = system(("rm -rf " + data_dir).c_str());
}

}  // namespace
}  // namespace lapwing::server
