#include "runtime/image_program.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "runtime/extensions/extension_files.hpp"
#include "runtime/failure_text.hpp"
#include "runtime/start/environment_variables.hpp"
#include "runtime/start/sandbox_planner.hpp"

namespace lapwing::runtime {
namespace {

class Image : public ::testing::Test {
 protected:
  Image() {
    char path[] = "/tmp/lapwing-image-XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    image_.root = path;
    for (const char* directory : {"/bin", "/usr/bin", "/app", "/opt/extensions"}) {
      EXPECT_TRUE(os::make_directories(image_.root + directory));
    }
    program("/usr/bin/tool", 0755);
    program("/bin/data", 0644);
    program("/opt/extensions/watcher", 0755);
  }
  ~Image() override { EXPECT_TRUE(os::remove_tree(image_.root)); }

  void program(const std::string& path, unsigned mode) {
    EXPECT_TRUE(os::write_atomically(image_.root + path, "#!", mode));
  }
  void link(const std::string& target, const std::string& path) {
    EXPECT_EQ(::symlink(target.c_str(), (image_.root + path).c_str()), 0);
  }
  std::string error_of_line(std::string_view path = "/bin:/usr/bin") {
    const auto line = image_command_line(image_, path);
    return line ? "" : line.error().code() + ": " + line.error().message();
  }

  ImageProgram image_;
};

TEST_F(Image, EntryPointAndCommandAreOneLine) {
  image_.entry_point = {"tool", "-x"};
  image_.command = {"app.handler"};
  const auto line = image_command_line(image_, "relative:/bin:/usr/bin");
  ASSERT_TRUE(line) << line.error().to_log();
  EXPECT_EQ(*line, (std::vector<std::string>{"/usr/bin/tool", "-x", "app.handler"}));
  image_.entry_point.clear();
  image_.command = {"/no/matter", "a"};
  EXPECT_EQ(*image_command_line(image_, ""), image_.command);
}

TEST_F(Image, ProgramsThatAreNone) {
  EXPECT_EQ(error_of_line(), "Runtime.InvalidEntrypoint: Couldn't find valid bootstrap(s): []");
  image_.entry_point = {"nothing", "x"};
  image_.command = {"c"};
  EXPECT_EQ(error_of_line(),
            "Runtime.InvalidEntrypoint: Couldn't find valid bootstrap(s): [nothing x]");
  image_.entry_point = {"data"};  // cannot be executed
  EXPECT_NE(error_of_line(), "");
  image_.entry_point = {"tool"};
  EXPECT_NE(error_of_line("/bin"), "");
  EXPECT_NE(error_of_line(""), "");
}

// The machine has a /bin/sh; the image has not.
TEST_F(Image, LinksAreTheImages) {
  link("/bin/sh", "/bin/shell");
  link("../../../../bin", "/opt/bin");
  image_.entry_point = {"shell"};
  EXPECT_NE(error_of_line(), "");
  image_.entry_point = {"sh"};
  EXPECT_NE(error_of_line("/opt/bin:/bin"), "");
  link("/usr/bin/tool", "/bin/linked");
  image_.entry_point = {"linked"};
  EXPECT_EQ(error_of_line(), "");
}

TEST_F(Image, WorkingDirectories) {
  EXPECT_EQ(*image_working_directory(image_), "/");
  for (const char* path : {"/app", "/app/", "/app/.", "/usr/../app", "//app"}) {
    image_.working_directory = path;
    EXPECT_EQ(*image_working_directory(image_), "/app") << path;
  }
  const auto error = [this](const char* path) {
    image_.working_directory = path;
    const auto directory = image_working_directory(image_);
    return directory ? "" : directory.error().code() + ": " + directory.error().message();
  };
  EXPECT_EQ(error("/none"),
            "Runtime.InvalidWorkingDir: the working directory doesn't exist: /none");
  EXPECT_EQ(error("app"),
            "Runtime.InvalidWorkingDir: the working directory 'app' is invalid, it needs to be an "
            "absolute path");
  EXPECT_NE(error("/bin/data"), "");
  link("/etc", "/etc-link");  // the machine's, were it followed out
  EXPECT_NE(error("/etc-link"), "");
}

TEST_F(Image, ExtensionsAreTheImages) {
  EXPECT_EQ(image_extension_files(image_.root), std::vector<std::string>{"watcher"});
  ASSERT_TRUE(os::remove_tree(image_.root + "/opt"));
  EXPECT_TRUE(image_extension_files(image_.root).empty());
  link("/usr/bin", "/opt");
  EXPECT_TRUE(image_extension_files(image_.root).empty());
  ASSERT_EQ(::unlink((image_.root + "/opt").c_str()), 0);
  link("/", "/opt");
  ASSERT_TRUE(os::make_directories(image_.root + "/extensions"));
  program("/extensions/here", 0755);
  EXPECT_EQ(image_extension_files(image_.root), std::vector<std::string>{"here"});
}

TEST_F(Image, VariablesOfTheImageLieBelowTheFunctions) {
  image_.environment = {
      {"PATH", "/bin"}, {"COLOUR", "blue"}, {"SHAPE", "round"}, {"AWS_REGION", "none"}};
  FunctionVersion function;
  function.region = Region("eu-west-1");
  function.image = image_;
  function.environment = {{"COLOUR", "red"}};
  const RuntimeChoice choice = *choose_runtime(Catalogue(), function);
  EnvironmentInputs inputs;
  inputs.function = &function;
  inputs.runtime = &choice;
  const auto variables = function_environment(inputs);
  EXPECT_EQ(variables.at("PATH"), "/bin");
  EXPECT_EQ(variables.at("COLOUR"), "red");
  EXPECT_EQ(variables.at("SHAPE"), "round");
  EXPECT_EQ(variables.at("AWS_REGION"), "eu-west-1");
  EXPECT_EQ(variables.at("LAMBDA_TASK_ROOT"), "/var/task");
  for (const char* name : {"_HANDLER", "AWS_EXECUTION_ENV", "LD_LIBRARY_PATH"}) {
    EXPECT_FALSE(variables.contains(name)) << name;
  }
}

TEST_F(Image, FailedLaunchesSayWhatWasTried) {
  image_.entry_point = {"/e", "x"};
  image_.command = {"c"};
  EXPECT_EQ(launch_error_line(image_, "why"),
            "IMAGE\tLaunch error: why\tEntrypoint: [/e x]\tCmd: [c]\tWorkingDir: [/]");
  const Error gone = entrypoint_error(
      errno_error("working directory /e", ENOENT).context("launch f"), "/e", "/tmp/x");
  EXPECT_EQ(gone.code(), kInvalidWorkingDir);
  EXPECT_EQ(gone.message(), "the working directory doesn't exist: /tmp/x");
}

}  // namespace
}  // namespace lapwing::runtime
