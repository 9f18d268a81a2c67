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

using Strings = std::vector<std::string>;

TEST(Config, ListsAreTakenPlainAndAsToml) {
  Config config;
  ASSERT_TRUE(apply_setting(config, "images.layouts=[\"/dir\"]"));
  EXPECT_EQ(config.images_layouts, Strings{"/dir"});
  ASSERT_TRUE(apply_setting(config, "images.layouts= [ '/a,b', \"/c\" ] "));
  EXPECT_EQ(config.images_layouts, (Strings{"/a,b", "/c"}));
  ASSERT_TRUE(apply_setting(config, "images.layouts=/a, /b"));
  EXPECT_EQ(config.images_layouts, (Strings{"/a", "/b"}));
  ASSERT_TRUE(apply_setting(config, "images.layouts=[]"));
  EXPECT_EQ(config.images_layouts, Strings());
  ASSERT_TRUE(apply_setting(config, "images.layouts=/a"));
  ASSERT_TRUE(apply_setting(config, "images.layouts="));
  EXPECT_EQ(config.images_layouts, Strings());
  ASSERT_TRUE(apply_setting(config, "images.insecure=[::1]:5000,localhost:5000"));
  EXPECT_EQ(config.images_insecure, (Strings{"[::1]:5000", "localhost:5000"}));
  ASSERT_TRUE(apply_setting(config, "images.mirrors=docker.io=[fd00::1]:5000"));
  EXPECT_EQ(config.images_mirrors, Strings{"docker.io=[fd00::1]:5000"});
}

TEST(Config, ListsThatWouldMeanNothingAreRefused) {
  for (const char* text :
       {"[\"/dir\"", "[\"/dir\",", "[/dir]", "\"/dir\"", "'/a','/b'", "/a,,/b", "/a,", ",", "/a]",
        "[\"/a\"] x", "[1]", "[\"/a\", 2]", "[[\"/a\"]]", "[\"/a\"]\nvalue2 = 1", "[", "["}) {
    Config config;
    config.images_layouts = {"/before"};
    EXPECT_FALSE(apply_setting(config, std::string("images.layouts=") + text)) << text;
    EXPECT_EQ(config.images_layouts, Strings{"/before"}) << text;
  }
}

TEST(Config, TextsAreTakenPlainAndQuoted) {
  Config config;
  ASSERT_TRUE(apply_setting(config, "data_dir=\"/a \\\"b\\\"\""));
  EXPECT_EQ(config.data_dir, "/a \"b\"");
  ASSERT_TRUE(apply_setting(config, "data_dir=/plain"));
  EXPECT_EQ(config.data_dir, "/plain");
  ASSERT_TRUE(apply_setting(config, "log.level='warn'"));
  EXPECT_EQ(config.log_level, "warn");
  EXPECT_FALSE(apply_setting(config, "data_dir=\"/open"));
  EXPECT_FALSE(apply_setting(config, "log.level=\"loud\""));
}

// What `lapwing config` prints can be given back, whatever the values are.
TEST_F(ConfigFile, EveryKeyIsPrintedAsItIsTaken) {
  Config given;
  given.data_dir = "/with \"quotes\" and \\";
  given.images_layouts = {"/a,b", "/c \"d\""};
  given.images_mirrors = {"*=localhost:5000"};
  given.hosts = {"lapwing.test"};
  given.runtimes_prefixes = {"/opt/one"};
  given.network_deny = {"10.0.0.0/8", "fd00::/8"};
  given.images_insecure = {"[::1]:5000"};
  for (const Config& config : {Config(), given}) {
    Config again;
    std::string file;
    for (const ConfigKey& key : config_keys(config)) {
      const std::string setting = std::string(key.name) + "=" + key.default_value;
      EXPECT_TRUE(apply_setting(again, setting)) << setting;
      file += std::string(key.name) + " = " + key.default_value + "\n";
    }
    config_ = {};
    EXPECT_TRUE(load(file)) << file;
    const auto wanted = config_keys(config);
    const auto set = config_keys(again);
    const auto loaded = config_keys(config_);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(set[i].default_value, wanted[i].default_value) << wanted[i].name;
      EXPECT_EQ(loaded[i].default_value, wanted[i].default_value) << wanted[i].name;
    }
    EXPECT_EQ(again.images_layouts, config.images_layouts);
    EXPECT_EQ(again.data_dir, config.data_dir);
  }
}

TEST(Config, EveryKeySaysWhatItTakes) {
  for (const ConfigKey& key : config_keys()) {
    const bool number = key.default_value.find_first_not_of("0123456789") == std::string::npos;
    EXPECT_EQ(number, key.allowed.find(" to ") != std::string::npos) << key.name;
    if (key.name == "sandbox.cpu") {
      EXPECT_EQ(key.allowed, "one of: weight, quota");
    }
    if (key.name == "server.loops") {
      EXPECT_EQ(key.allowed, "0 to 256");
    }
  }
}

TEST(Config, SignedMetricsNeedVerification) {
  Config config;
  ASSERT_TRUE(apply_setting(config, "metrics.signed=always"));
  EXPECT_NE(finish_config(config).error().message().find("nothing is verified"), std::string::npos);
  config.auth = "verify";
  EXPECT_TRUE(finish_config(config));
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
