#include "server/config.hpp"

#include <fstream>
#include <map>
#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/settings.hpp"
#include "images/settings.hpp"
#include "runtime/settings.hpp"
#include "sandbox/settings.hpp"
#include "server/ask.hpp"
#include "server/clock_command.hpp"
#include "services/lambda/settings.hpp"

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
  EXPECT_EQ(config_.read<engine::Settings>().idle_seconds, 5);
  EXPECT_EQ(config_.read<runtime::Settings>().prefixes, std::vector<std::string>{"/a"});
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
  EXPECT_TRUE(config.read<runtime::Settings>().strict);
  EXPECT_FALSE(apply_setting(config, "runtimes.strict=yes"));
  ASSERT_TRUE(apply_setting(config, "runtimes.retired=refuse"));
  EXPECT_EQ(config.read<lambda::ServiceSettings>().retired, "refuse");
  EXPECT_FALSE(apply_setting(config, "runtimes.retired=warn"));
  EXPECT_FALSE(apply_setting(config, "nonsense"));
  EXPECT_FALSE(apply_setting(config, "server.loops=many"));
}

using Strings = std::vector<std::string>;

TEST(Config, ListsAreTakenPlainAndAsToml) {
  Config config;
  ASSERT_TRUE(apply_setting(config, "images.layouts=[\"/dir\"]"));
  EXPECT_EQ(config.read<images::Settings>().layouts, Strings{"/dir"});
  ASSERT_TRUE(apply_setting(config, "images.layouts= [ '/a,b', \"/c\" ] "));
  EXPECT_EQ(config.read<images::Settings>().layouts, (Strings{"/a,b", "/c"}));
  ASSERT_TRUE(apply_setting(config, "images.layouts=/a, /b"));
  EXPECT_EQ(config.read<images::Settings>().layouts, (Strings{"/a", "/b"}));
  ASSERT_TRUE(apply_setting(config, "images.layouts=[]"));
  EXPECT_EQ(config.read<images::Settings>().layouts, Strings());
  ASSERT_TRUE(apply_setting(config, "images.layouts=/a"));
  ASSERT_TRUE(apply_setting(config, "images.layouts="));
  EXPECT_EQ(config.read<images::Settings>().layouts, Strings());
  ASSERT_TRUE(apply_setting(config, "images.insecure=[::1]:5000,localhost:5000"));
  EXPECT_EQ(config.read<images::Settings>().insecure, (Strings{"[::1]:5000", "localhost:5000"}));
  ASSERT_TRUE(apply_setting(config, "images.mirrors=docker.io=[fd00::1]:5000"));
  EXPECT_EQ(config.read<images::Settings>().mirrors, Strings{"docker.io=[fd00::1]:5000"});
}

TEST(Config, ListsThatWouldMeanNothingAreRefused) {
  for (const char* text :
       {"[\"/dir\"", "[\"/dir\",", "[/dir]", "\"/dir\"", "'/a','/b'", "/a,,/b", "/a,", ",", "/a]",
        "[\"/a\"] x", "[1]", "[\"/a\", 2]", "[[\"/a\"]]", "[\"/a\"]\nvalue2 = 1", "[", "["}) {
    Config config;
    ASSERT_TRUE(apply_setting(config, "images.layouts=/before"));
    EXPECT_FALSE(apply_setting(config, std::string("images.layouts=") + text)) << text;
    EXPECT_EQ(config.read<images::Settings>().layouts, Strings{"/before"}) << text;
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
  images::Settings images;
  images.layouts = {"/a,b", "/c \"d\""};
  images.mirrors = {"*=localhost:5000"};
  images.insecure = {"[::1]:5000"};
  given.others.write(images);
  given.hosts = {"lapwing.test"};
  runtime::Settings interpreters;
  interpreters.prefixes = {"/opt/one"};
  given.others.write(interpreters);
  sandbox::Settings sandboxes;
  sandboxes.network_deny = {"10.0.0.0/8", "fd00::/8"};
  given.others.write(sandboxes);
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
    EXPECT_EQ(again.read<images::Settings>().layouts, config.read<images::Settings>().layouts);
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

TEST(Config, OwnersCheckWhatTheyDeclare) {
  Config config;
  ASSERT_TRUE(apply_setting(config, "images.mirrors=docker.io"));
  EXPECT_NE(finish_config(config).error().message().find("write FROM=TO"), std::string::npos);
}

TEST(Config, DefaultsSayWhatTheyStandForOnTheMachine) {
  std::map<std::string_view, std::string> here;
  for (const ConfigKey& key :
       config_keys({}, {.memory_mb = 8000, .disk_mb = 100'000, .processors = 4})) {
    here[key.name] = key.here;
  }
  EXPECT_EQ(here["engine.memory_mb_max"], "6000");
  EXPECT_EQ(here["logs.function_mb"], "12500");
  EXPECT_EQ(here["server.loops"], "2");
  EXPECT_EQ(here["disk.reserve_mb"], "2048");
  EXPECT_EQ(here["engine.idle_seconds"], "");
}

TEST(Clock, DurationsAreSaidInUnits) {
  EXPECT_EQ(parse_duration("1w"), std::chrono::hours(24 * 7));
  EXPECT_EQ(parse_duration("1h30m"), std::chrono::minutes(90));
  for (const char* wrong : {"", "5", "w", "1y", "1w2", "-1d", "600w", "1d1d", "30m1h"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(Clock, TheServerAskedIsTheOneThatClientsAreTold) {
  EXPECT_EQ(server_address("127.0.0.1:5000", "http://127.0.0.1:6000").value(), "127.0.0.1:5000");
  EXPECT_EQ(server_address("", "http://127.0.0.1:6000/").value(), "127.0.0.1:6000");
  EXPECT_EQ(server_address("", "http://localhost").value(), "localhost:80");
  EXPECT_EQ(server_address("", nullptr).value(), kDefaultListen);
  EXPECT_EQ(server_address("", "").value(), kDefaultListen);
  for (const char* bad : {"https://sqs.us-east-1.amazonaws.com", "127.0.0.1:4566", "http://",
                          "http://127.0.0.1:port", "http://127.0.0.1:70000"}) {
    const auto address = server_address("", bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_TRUE(address.error().message().starts_with(std::string("AWS_ENDPOINT_URL=") + bad));
    EXPECT_NE(address.error().message().find("say --listen HOST:PORT"), std::string::npos);
  }
}

TEST(Config, ANameIsNoAddressToListenOn) {
  Config config;
  config.listen = "lapwing.test:4566";
  const Status finished = finish_config(config);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message(),
            "listen = lapwing.test:4566: 'lapwing.test' is no address: write an IP address of this "
            "machine or localhost, and a port, as in 127.0.0.1:4566");
  config.listen = "localhost:4566";
  EXPECT_TRUE(finish_config(config));
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
