#include "runtime/language/node_command.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

class NodeCommandTest : public ::testing::Test {
 protected:
  std::vector<std::string> of(const std::string& asked, const std::string& version,
                              std::uint32_t memory_mb = 128, const std::string& options = "") {
    const RuntimeId id = parse_runtime_id(asked).value();
    RuntimeLaunch launch;
    launch.asked = &id;
    launch.interpreter = "/var/lang/bin/node";
    launch.version = version;
    launch.major = std::stoi(version);
    launch.memory_mb = memory_mb;
    launch.node_options = options;
    return node_command(launch);
  }
  static bool has(const std::vector<std::string>& argv, const std::string& word) {
    return std::find(argv.begin(), argv.end(), word) != argv.end();
  }
  static bool has_part(const std::vector<std::string>& argv, const std::string& part) {
    return std::any_of(argv.begin(), argv.end(), [&](const std::string& word) {
      return word.find(part) != std::string::npos;
    });
  }
};

TEST_F(NodeCommandTest, IsAwsStartScripts) {
  const auto argv = of("nodejs22.x", "22.20.0", 1024);
  EXPECT_EQ(argv.front(), "/var/lang/bin/node");
  EXPECT_EQ(argv.back(), "/var/runtime/bootstrap.cjs");
  for (const char* word : {"--expose-gc", "--max-http-header-size=81920",
                           "--max-semi-space-size=51", "--max-old-space-size=922"}) {
    EXPECT_TRUE(has(argv, word)) << word;
  }
  EXPECT_TRUE(has(of("nodejs20.x", "20.20.2"), "--max-semi-space-size=6"));
  EXPECT_TRUE(has(of("nodejs20.x", "20.20.2"), "--max-old-space-size=116"));
}

TEST_F(NodeCommandTest, AFunctionThatSizesItsHeapHasTheRestFromNode) {
  for (const char* options : {"--max-old-space-size=64", "--trace-gc --max_old_space_size=64",
                              "--max-semi-space-size=2", "--max_semi_space_size=2"}) {
    EXPECT_FALSE(has_part(of("nodejs22.x", "22.20.0", 128, options), "space-size")) << options;
  }
  EXPECT_TRUE(has_part(of("nodejs22.x", "22.20.0", 128, "--trace-gc"), "space-size"));
}

TEST_F(NodeCommandTest, SwitchesOffWhatAwsSwitchesOff) {
  const std::string require = "--no-experimental-require-module";
  const std::string detect = "--no-experimental-detect-module";
  struct Case {
    const char* asked;
    const char* version;
    bool no_require;
    bool no_detect;
  };
  for (const Case& c :
       {Case{"nodejs18.x", "18.20.8", false, false}, Case{"nodejs20.x", "20.9.0", false, false},
        Case{"nodejs20.x", "20.16.0", false, false}, Case{"nodejs20.x", "20.20.2", true, false},
        Case{"nodejs22.x", "22.0.0", true, true}, Case{"nodejs22.x", "22.20.0", true, true},
        Case{"nodejs24.x", "24.1.0", false, false},
        // Another version serves: what the runtime's users do not know stays away.
        Case{"nodejs18.x", "20.20.2", true, true}, Case{"nodejs22.x", "24.1.0", true, true},
        Case{"nodejs22.x", "20.20.2", true, true}, Case{"nodejs24.x", "20.20.2", false, false}}) {
    const auto argv = of(c.asked, c.version);
    EXPECT_EQ(has(argv, require), c.no_require) << c.asked << " by " << c.version;
    EXPECT_EQ(has(argv, detect), c.no_detect) << c.asked << " by " << c.version;
  }
  const auto wanted = of("nodejs22.x", "22.20.0", 128, "--experimental-require-module");
  EXPECT_FALSE(has(wanted, require));
  EXPECT_TRUE(has(wanted, detect));
  EXPECT_TRUE(has(of("nodejs22.x", "22.20.0", 128, require), require));
}

TEST_F(NodeCommandTest, ImportsSearchNodePathFrom18On) {
  EXPECT_TRUE(has_part(of("nodejs18.x", "18.20.8"), "import_paths"));
  EXPECT_FALSE(has_part(of("nodejs16.x", "18.20.8"), "import_paths"));
  EXPECT_FALSE(has_part(of("nodejs18.x", "16.20.2"), "import_paths"));
}

}  // namespace
}  // namespace lapwing::runtime
