#include "server/config.hpp"

#include <fstream>
#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace lapwing::server {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/lapwing-config-XXXXXX";
    close(mkstemp(path));
    path_ = path;
  }
  void TearDown() override { unlink(path_.c_str()); }
  Status load(const std::string& text) {
    std::ofstream(path_) << text;
    return load_config_file(config_, path_);
  }
  Config config_;
  std::string path_;
};

TEST_F(ConfigFile, ReadsTablesListsAndCredentials) {
  ASSERT_TRUE(
      load("auth = 'verify'\n[engine]\nidle_seconds = 5\n[runtimes]\nprefixes = ['/a']\n"
           "[[credentials]]\naccess_key_id='A'\nsecret_access_key='S'\n"));
  EXPECT_EQ(config_.auth, "verify");
  EXPECT_EQ(config_.idle_seconds, 5);
  EXPECT_EQ(config_.runtimes_prefixes, std::vector<std::string>{"/a"});
  ASSERT_TRUE(finish_config(config_));
  EXPECT_EQ(config_.credentials[0].account, "000000000000");
}

TEST_F(ConfigFile, RefusesWhatItDoesNotKnowAndSaysWhere) {
  EXPECT_NE(load("\nspeed = 9\n").error().message().find("line 2: unknown key 'speed'"),
            std::string::npos);
  EXPECT_NE(load("auth = 'maybe'").error().message().find("off|verify|enforce"), std::string::npos);
  EXPECT_NE(load("[engine]\nidle_seconds = 0").error().message().find("between 1 and 86400"),
            std::string::npos);
  EXPECT_NE(load("listen = [").error().message().find("line 1"), std::string::npos);
}

TEST(Config, SettingsFromTheCommandLine) {
  Config config;
  ASSERT_TRUE(apply_setting(config, "runtimes.strict=true"));
  EXPECT_TRUE(config.runtimes_strict);
  EXPECT_FALSE(apply_setting(config, "runtimes.strict=yes"));
  ASSERT_TRUE(apply_setting(config, "runtimes.retired=refuse"));
  EXPECT_EQ(config.runtimes_retired, "refuse");
  EXPECT_FALSE(apply_setting(config, "runtimes.retired=warn"));
  EXPECT_FALSE(apply_setting(config, "nonsense"));
  EXPECT_FALSE(apply_setting(config, "server.loops=many"));
}

TEST(Config, EnforceIsRefusedUntilPoliciesAreEvaluated) {
  Config config;
  ASSERT_TRUE(apply_setting(config, "auth=enforce"));
  EXPECT_NE(finish_config(config).error().message().find("not built yet"), std::string::npos);
}

TEST(Config, ListeningBeyondLoopbackNeedsAnExplicitWord) {
  Config config;
  config.listen = "0.0.0.0:4566";
  EXPECT_FALSE(finish_config(config));
  config.insecure = true;
  EXPECT_TRUE(finish_config(config));
  EXPECT_EQ(parse_listen("[::1]:80")->first, "::1");
  EXPECT_FALSE(parse_listen("localhost"));
  EXPECT_FALSE(parse_listen("localhost:99999"));
}

}  // namespace
}  // namespace lapwing::server
