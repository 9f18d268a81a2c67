#include "runtime/extensions/extension_files.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

TEST(ExtensionFiles, FilesDirectlyInTheDirectorySorted) {
  char base[] = "/tmp/lapwing_extensions_XXXXXX";
  ASSERT_NE(::mkdtemp(base), nullptr);
  const std::string layers = base;
  const std::string none;
  const CodeTrees trees{none, layers};
  EXPECT_TRUE(extension_files(trees).empty());
  EXPECT_TRUE(extension_files({none, none}).empty());
  const std::string directory = layers + "/extensions";
  ASSERT_EQ(::mkdir(directory.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((directory + "/helpers").c_str(), 0755), 0);
  for (const char* name : {"/zeta", "/alpha", "/helpers/inner"}) {
    ::close(::open((directory + name).c_str(), O_CREAT | O_WRONLY, 0644));
  }
  ASSERT_EQ(::symlink("/nowhere", (directory + "/link").c_str()), 0);
  EXPECT_EQ(extension_files(trees), (std::vector<std::string>{"alpha", "link", "zeta"}));
  for (const char* name : {"/helpers/inner", "/helpers", "/zeta", "/alpha", "/link", ""}) {
    ASSERT_EQ(::remove((directory + name).c_str()), 0) << name;
  }
  ASSERT_EQ(::rmdir(base), 0);
}

TEST(ExtensionFiles, WhatIsTheRuntimesAloneIsNotSeen) {
  const auto seen = extension_environment({{"AWS_LAMBDA_RUNTIME_API", "a"},
                                           {"AWS_EXECUTION_ENV", "b"},
                                           {"_HANDLER", "c"},
                                           {"_X_AMZN_TRACE_ID", "d"},
                                           {"LAMBDA_TASK_ROOT", "e"},
                                           {"AWS_LAMBDA_LOG_STREAM_NAME", "f"},
                                           {"AWS_XRAY_DAEMON_ADDRESS", "g"},
                                           {"PATH", "h"},
                                           {"MINE", "i"}});
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].first, "AWS_LAMBDA_RUNTIME_API");
  EXPECT_EQ(seen[1].first, "PATH");
  EXPECT_EQ(seen[2].first, "MINE");
}

}  // namespace
}  // namespace lapwing::runtime
