#include "server/maintenance.hpp"

#include <errno.h>
#include <set>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fmt/core.h>

namespace lapwing::server {
namespace {

constexpr auto kSweepEvery = std::chrono::seconds(60);
// Longer than any time between storing a package and the record that names it.
constexpr auto kBlobAgeMin = std::chrono::hours(1);

// Runs the interpreter with nothing of our environment, and waits. False on any failure:
// byte code only saves time.
bool run_compileall(const std::string& python, const std::string& directory) {
  const char* argv[] = {python.c_str(),    "-S",   "-E", "-m", "compileall", "-q",
                        directory.c_str(), nullptr};
  const char* environment[] = {"PATH=/usr/bin:/bin", nullptr};
  pid_t pid = 0;
  // Safe casts: posix_spawn does not write through argv or envp.
  if (posix_spawn(&pid, python.c_str(), nullptr, nullptr, const_cast<char**>(argv),
                  const_cast<char**>(environment)) != 0) {
    return false;
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

void Maintenance::start() {
  thread_ = std::thread([this] { run(); });
}

void Maintenance::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Maintenance::wait(std::chrono::seconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

void Maintenance::run() {
  precompile();
  while (wait(kSweepEvery)) sweep();
}

void Maintenance::precompile() {
  const std::string package = parts_.bootstrap_dir + "/python/runtime";
  std::set<std::pair<int, int>> done;
  for (const runtime::Interpreter& python : parts_.catalogue->interpreters()) {
    if (python.language != runtime::Language::kPython) continue;
    if (!done.emplace(python.major, python.minor).second) continue;  // byte code is shared
    const std::string mark = fmt::format("{}/.compiled-{}.{}", package, python.major, python.minor);
    struct stat st{};
    if (stat(mark.c_str(), &st) == 0) continue;
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) return;
    }
    if (!run_compileall(python.host_path, package)) {
      parts_.logger->warn("maintenance", "byte code of the bootstrap could not be made",
                          {{"python", python.host_path}});
      continue;
    }
    if (FILE* file = fopen(mark.c_str(), "we")) fclose(file);
  }
}

void Maintenance::sweep() {
  if (const auto swept = parts_.lambda->sweep(); !swept) {
    parts_.logger->error("maintenance", "sweep packages", {{"error", swept.error().to_log()}});
  }
  auto referenced = parts_.lambda->referenced_blobs();
  if (!referenced) {
    parts_.logger->error("maintenance", "list blobs", {{"error", referenced.error().to_log()}});
    return;
  }
  const auto swept = parts_.blobs->gc(*std::move(referenced), kBlobAgeMin);
  if (!swept) {
    parts_.logger->error("maintenance", "sweep blobs", {{"error", swept.error().to_log()}});
  } else if (swept->removed > 0) {
    parts_.logger->info("maintenance", "swept blobs",
                        {{"removed", swept->removed}, {"bytes", swept->bytes}});
  }
}

}  // namespace lapwing::server
