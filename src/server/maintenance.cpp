#include "server/maintenance.hpp"

#include <errno.h>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

namespace lapwing::server {
namespace {

// Starts a command with nothing of our environment and nothing to read or say; 0 on failure.
pid_t start_quietly(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  // Safe casts: posix_spawn does not write through argv or envp.
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const char* environment[] = {"PATH=/usr/bin:/bin", nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), const_cast<char**>(environment));
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? pid : 0;
}

}  // namespace

void Maintenance::start() {
  thread_ = std::thread([this] {
    precompile();
    archive_classes();
  });
}

void Maintenance::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    // Not yet waited for, so the number is still its own.
    if (child_ != 0) kill(child_, SIGKILL);
  }
  if (thread_.joinable()) thread_.join();
}

void Maintenance::precompile() {
  std::set<std::pair<int, int>> done;
  for (const runtime::Interpreter& python : parts_.catalogue->interpreters()) {
    if (python.language != runtime::Language::kPython) continue;
    if (!done.emplace(python.major, python.minor).second) continue;  // byte code is shared
    if (!precompile(python, parts_.bootstrap_dir + "/python/runtime")) {
      parts_.logger->warn("maintenance", "byte code of the bootstrap could not be made",
                          {{"python", python.host_path}});
    }
  }
  if (parts_.python_sdk.empty()) return;
  for (const runtime::Interpreter& python : parts_.catalogue->interpreters()) {
    if (python.language == runtime::Language::kPython && !precompile(python, parts_.python_sdk)) {
      parts_.logger->warn("maintenance", "byte code of the SDK could not be made",
                          {{"python", python.host_path}});
    }
  }
}

// Once for each version of Python. In the file mode that sandboxes, with their own user ids, can
// read, whatever the umask.
bool Maintenance::precompile(const runtime::Interpreter& python, const std::string& package) {
  const std::string mark = fmt::format("{}/.compiled-{}.{}", package, python.major, python.minor);
  struct stat st{};
  if (stat(mark.c_str(), &st) == 0 || stopping()) return true;
  if (!run_command({"/bin/sh", "-c", "umask 022; exec \"$@\"", "sh", python.host_path, "-S", "-E",
                    "-m", "compileall", "-q", package})) {
    return stopping();
  }
  if (FILE* file = fopen(mark.c_str(), "we")) fclose(file);
  return true;
}

void Maintenance::archive_classes() {
  for (const runtime::Interpreter& java : parts_.catalogue->interpreters()) {
    if (java.class_archive.empty() || access(java.class_archive.c_str(), F_OK) == 0) continue;
    if (stopping()) return;
    const std::string fresh = fmt::format("{}.{}", java.class_archive, getpid());
    // AWS's loader stumbles over classes for other JVMs in its own jars and ends with status 1;
    // the archive of those it has loaded is written all the same.
    (void)run_command(runtime::class_archive_command(java, fresh));
    if (stopping()) {
      (void)unlink(fresh.c_str());
      return;
    }
    if (chmod(fresh.c_str(), 0644) != 0 || rename(fresh.c_str(), java.class_archive.c_str()) != 0) {
      (void)unlink(fresh.c_str());
      parts_.logger->warn("maintenance", "the archive of Java's classes could not be made",
                          {{"java", java.host_path}});
    }
  }
}

bool Maintenance::run_command(const std::vector<std::string>& command) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return false;
    child_ = start_quietly(command);
    if (child_ == 0) return false;
  }
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOWAIT) != 0) {
    if (errno != EINTR) break;
  }
  const std::scoped_lock lock(mutex_);
  int status = -1;
  waitpid(child_, &status, 0);
  child_ = 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Maintenance::stopping() {
  const std::scoped_lock lock(mutex_);
  return stopping_;
}

}  // namespace lapwing::server
