#include "runtime/extension_files.hpp"

#include <algorithm>
#include <dirent.h>
#include <sys/stat.h>

#include "runtime/limits.hpp"

namespace lapwing::runtime {
namespace {

constexpr std::string_view kOfTheRuntime[] = {"AWS_EXECUTION_ENV",
                                              "AWS_LAMBDA_LOG_GROUP_NAME",
                                              "AWS_LAMBDA_LOG_STREAM_NAME",
                                              "AWS_XRAY_CONTEXT_MISSING",
                                              "AWS_XRAY_DAEMON_ADDRESS",
                                              "LAMBDA_RUNTIME_DIR",
                                              "LAMBDA_TASK_ROOT",
                                              "PWD",
                                              "SHLVL"};

}  // namespace

std::vector<std::string> extension_files(const std::string& layers_dir) {
  std::vector<std::string> names;
  if (layers_dir.empty()) return names;
  const std::string directory = layers_dir + "/extensions";
  DIR* listing = ::opendir(directory.c_str());
  if (listing == nullptr) return names;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat info{};
    const bool is_directory =
        ::lstat((directory + "/" + name).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    if (!is_directory) names.push_back(name);
    if (names.size() > kExtensionsMax) break;
  }
  ::closedir(listing);
  std::ranges::sort(names);
  return names;
}

std::vector<std::pair<std::string, std::string>> extension_environment(
    const std::vector<std::pair<std::string, std::string>>& function) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, value] : function) {
    if (key.starts_with('_') || std::ranges::find(kOfTheRuntime, key) != std::end(kOfTheRuntime)) {
      continue;
    }
    out.emplace_back(key, value);
  }
  return out;
}

}  // namespace lapwing::runtime
