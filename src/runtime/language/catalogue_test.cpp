#include "runtime/language/catalogue.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

// A machine made of a few files below a temporary directory.
class FakeMachine {
 public:
  FakeMachine() {
    char path[] = "/tmp/lapwing-catalogue-XXXXXX";
    root_ = mkdtemp(path);
  }
  ~FakeMachine() { [[maybe_unused]] const int rc = system(("rm -rf " + root_).c_str()); }
  void file(const std::string& path, const std::string& text = "", mode_t mode = 0644) {
    for (std::size_t at = 1; (at = path.find('/', at)) != std::string::npos; ++at) {
      mkdir((root_ + path.substr(0, at)).c_str(), 0755);
    }
    std::ofstream(root_ + path) << text;
    chmod((root_ + path).c_str(), mode);
  }
  void python(const std::string& prefix, int minor, const std::string& version) {
    const std::string x = "3." + std::to_string(minor);
    file(prefix + "/bin/python" + x, "", 0755);
    file(prefix + "/lib/python" + x + "/os.py");
    file(prefix + "/include/python" + x + "/patchlevel.h",
         "#define PY_VERSION      \t\"" + version + "\"\n#define PY_VERSION \"" + version + "\"\n");
  }
  // With libjvm.so at that path of its home, unless "".
  void jdk(const std::string& name, const std::string& version, const std::string& library) {
    const std::string home = "/usr/lib/jvm/" + name;
    file(home + "/bin/java", "", 0755);
    file(home + "/release", "JAVA_VERSION=\"" + version + "\"\n");
    if (!library.empty()) file(home + library);
    file("/client/lib/aws-lambda-java-runtime-interface-client-2.0.0.jar");
  }
  Catalogue discover(bool strict = false, bool client = true) {
    CatalogueOptions options;
    if (client) options.java_client = root_ + "/client";
    options.root = root_;
    options.homes = {"/root"};
    options.strict = strict;
    return Catalogue::discover(options);
  }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

TEST(RuntimeIds, AreParsedOrRefused) {
  EXPECT_EQ(parse_runtime_id("python3.12")->minor, 12);
  EXPECT_EQ(parse_runtime_id("nodejs20.x")->major, 20);
  EXPECT_EQ(parse_runtime_id("provided.al2023")->language, Language::kProvided);
  EXPECT_EQ(parse_runtime_id("ruby3.3")->minor, 3);
  for (const char* bad : {"", "python", "python3.x", "python3", "nodejs20", "ruby3", "nodejs.x",
                          "dotnet8", "provided.al3", "python-3.1"}) {
    EXPECT_FALSE(parse_runtime_id(bad)) << bad;
  }
}

TEST(Catalogue, FindsPyenvNvmAndSystemInterpretersSideBySide) {
  FakeMachine machine;
  machine.python("/root/.pyenv/versions/3.8.18", 8, "3.8.18");
  machine.python("/usr", 11, "3.11.2");
  machine.file("/root/.nvm/versions/node/v18.20.1/bin/node", "", 0755);
  machine.file("/usr/bin/node", "", 0755);
  machine.file("/usr/include/node/node_version.h",
               "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 2\n"
               "#define NODE_PATCH_VERSION 1\n");
  const Catalogue catalogue = machine.discover();
  EXPECT_EQ(catalogue.interpreters().size(), 4u);

  const auto python = catalogue.choose("python3.8");
  ASSERT_TRUE(python);
  EXPECT_EQ(python->interpreter->version, "3.8.18");
  EXPECT_EQ(python->interpreter->sandbox_path, "/var/lang/bin/python3.8");
  EXPECT_TRUE(python->exact);

  const auto system_python = catalogue.choose("python3.11");
  ASSERT_TRUE(system_python);
  EXPECT_EQ(system_python->interpreter->sandbox_path, "/usr/bin/python3.11");
  EXPECT_EQ(system_python->interpreter->binds[1].destination, "/usr/lib/python3.11");

  EXPECT_EQ(catalogue.choose("nodejs18.x")->interpreter->version, "18.20.1");
  EXPECT_EQ(catalogue.choose("nodejs20.x")->interpreter->version, "20.2.1");
}

// The lines of an rbconfig.rb that say the version, in the order real ones have them.
std::string rbconfig(char minor, char teeny) {
  return fmt::format(R"rb(  CONFIG["MAJOR"] = "3"
  CONFIG["MINOR"] = "{}"
  CONFIG["TEENY"] = "{}"
  CONFIG["RUBY_PROGRAM_VERSION"] = "$(MAJOR).$(MINOR).$(TEENY)"
)rb",
                     minor, teeny);
}

TEST(Catalogue, FindsRubyOfDebianAndRbenv) {
  FakeMachine machine;
  machine.file("/usr/bin/ruby3.1", "", 0755);
  machine.file("/usr/lib/ruby/3.1.0/set.rb");
  machine.file("/usr/lib/x86_64-linux-gnu/ruby/3.1.0/rbconfig.rb", rbconfig('1', '2'));
  machine.file("/root/.rbenv/versions/3.3.6/bin/ruby", "", 0755);
  machine.file("/root/.rbenv/versions/3.3.6/lib/ruby/3.3.0/x86_64-linux/rbconfig.rb",
               rbconfig('3', '6'));
  machine.file("/root/.rbenv/versions/3.3.6/lib/ruby/gems/3.3.0/x");
  const Catalogue catalogue = machine.discover();
  EXPECT_EQ(catalogue.interpreters().size(), 2u);
  const auto exact = catalogue.choose("ruby3.3");
  ASSERT_TRUE(exact);
  EXPECT_EQ(exact->interpreter->version, "3.3.6");
  EXPECT_EQ(exact->interpreter->sandbox_path, "/root/.rbenv/versions/3.3.6/bin/ruby");
  const auto debian = catalogue.choose("ruby3.0");
  ASSERT_TRUE(debian);
  EXPECT_EQ(debian->note, "ruby3.0 is served by Ruby 3.1.2 (system)");
  EXPECT_EQ(debian->interpreter->sandbox_path, "/usr/bin/ruby3.1");
  EXPECT_EQ(debian->interpreter->binds[1].destination, "/usr/lib/ruby");
}

TEST(Catalogue, SaysWhatIsMissingOnceForAllThatLackIt) {
  FakeMachine machine;
  machine.jdk("java-17", "17.0.9", "/lib/server/libjvm.so");
  const Catalogue catalogue = machine.discover(false, false);
  EXPECT_EQ(catalogue.why_not("java11"), catalogue.why_not("java21"));
  const auto java = catalogue.choose("java17");
  ASSERT_FALSE(java);
  EXPECT_EQ(java.error().code(), kUnservedRuntime);
  for (const char* part : {"runtime java17", "`runtimes/java/client/fetch.sh DIR`",
                           "`lapwing runtime add java-client --from DIR`", "restart"}) {
    EXPECT_NE(java.error().message().find(part), std::string::npos) << part;
  }
  EXPECT_NE(catalogue.why_not("ruby3.3").find("this machine has no Ruby"), std::string::npos);
  EXPECT_NE(catalogue.why_not("dotnet8"), "");
  EXPECT_EQ(catalogue.why_not("provided.al2023"), "");
  const Catalogue with_client = machine.discover();
  EXPECT_EQ(with_client.why_not("java21"), "");
  const Catalogue strict = machine.discover(true);
  EXPECT_EQ(strict.why_not("java17"), "");
  EXPECT_EQ(strict.why_not("provided.al2"), "");
  EXPECT_NE(strict.why_not("java21").find("runtimes.strict"), std::string::npos);
}

TEST(Catalogue, AJvmThatWaitsIsOfOneMemorySizeAndNoHandler) {
  FakeMachine machine;
  machine.jdk("seventeen", "17.0.9", "/lib/server/libjvm.so");
  machine.jdk("eight", "1.8.0_392", "/jre/lib/amd64/server/libjvm.so");
  machine.jdk("odd", "21.0.1", "");
  const Catalogue catalogue = machine.discover();
  const LanguageTraits& java = traits(Language::kJava);
  const auto waiting = [&](const char* runtime, std::uint32_t memory_mb, const char* handler) {
    return java.waiting_argv(launch_of(catalogue.choose(runtime).value(), memory_mb, handler));
  };
  const auto argv = waiting("java17", 512, "shop.Handler");
  ASSERT_GT(argv.size(), 3u);
  EXPECT_EQ(argv[0], "/var/runtime/java_standby");
  EXPECT_EQ(argv[1], "/var/lang/lib/server/libjvm.so");
  EXPECT_EQ(argv, waiting("java17", 512, "shop.Other::handle"));
  EXPECT_NE(argv, waiting("java17", 1024, "shop.Handler"));
  EXPECT_EQ(waiting("java8.al2", 512, "x").at(1), "/var/lang/jre/lib/amd64/server/libjvm.so");
  EXPECT_TRUE(waiting("java21", 512, "x").empty());

  // Between the program and the handler, what a JVM that is started for the function gets.
  const auto full = java.argv(launch_of(catalogue.choose("java17").value(), 512, "shop.Handler"));
  EXPECT_EQ(std::vector<std::string>(argv.begin() + 2, argv.end()),
            std::vector<std::string>(full.begin() + 1, full.end() - 1));
  EXPECT_EQ(full.back(), "shop.Handler");
}

// As AWS's start script: 85 % of the memory, or all but 240 MB.
TEST(Catalogue, TheHeapOfAJvmGoesByTheMemory) {
  FakeMachine machine;
  machine.jdk("eleven", "11.0.2", "/lib/server/libjvm.so");
  machine.jdk("seventeen", "17.0.9", "/lib/server/libjvm.so");
  const Catalogue catalogue = machine.discover();
  const auto has = [&](const char* runtime, std::uint32_t memory_mb, const char* option) {
    const auto argv =
        traits(Language::kJava).argv(launch_of(catalogue.choose(runtime).value(), memory_mb, "x"));
    return std::ranges::find(argv, option) != argv.end();
  };
  for (const std::uint32_t small : {128u, 512u, 1600u}) {
    EXPECT_TRUE(has("java17", small, "-XX:MaxRAMPercentage=85.00")) << small;
    EXPECT_TRUE(has("java17", small, "-XX:MinRAMPercentage=85.00")) << small;
  }
  EXPECT_TRUE(has("java17", 3008, "-XX:MaxRAMPercentage=92.02"));
  EXPECT_TRUE(has("java17", 512, "-XX:+ErrorFileToStderr"));
  EXPECT_FALSE(has("java11", 512, "-XX:+ErrorFileToStderr"));
}

TEST(Catalogue, AWrapperSeesAwssCommandLine) {
  FakeMachine machine;
  machine.python("/usr", 11, "3.11.2");
  const Catalogue catalogue = machine.discover();
  RuntimeLaunch launch = launch_of(catalogue.choose("python3.11").value(), 512, "x");
  const std::vector<std::string> plain = {"/usr/bin/python3.11", "-S", "/var/runtime/bootstrap.py"};
  EXPECT_EQ(traits(Language::kPython).argv(launch), plain);
  launch.wrapped = true;
  const std::vector<std::string> wrapped = {"/usr/bin/python3.11", "/var/runtime/bootstrap.py"};
  EXPECT_EQ(traits(Language::kPython).argv(launch), wrapped);
}

TEST(Catalogue, ServesTheNearestVersionAndSaysSo) {
  FakeMachine machine;
  machine.python("/root/.pyenv/versions/3.9.18", 9, "3.9.18");
  machine.python("/usr", 11, "3.11.2");
  const Catalogue catalogue = machine.discover();
  const auto choice = catalogue.choose("python3.10");
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->exact);
  EXPECT_EQ(choice->note, "python3.10 is served by Python 3.11.2 (system)");
  EXPECT_EQ(catalogue.choose("python3.13")->interpreter->minor, 11);
  EXPECT_FALSE(catalogue.choose("nodejs20.x"));
  EXPECT_FALSE(machine.discover(true).choose("python3.10"));
}

TEST(Catalogue, ProvidedNeedsNoInterpreter) {
  FakeMachine machine;
  const auto choice = machine.discover().choose("provided.al2023");
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->interpreter, nullptr);
}

}  // namespace
}  // namespace lapwing::runtime
