#include "runtime/extensions/extension_files.hpp"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "os/file.hpp"
#include "os/open_beneath.hpp"
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

std::vector<std::string> list_programs(Result<os::UniqueFd> directory) {
  std::vector<std::string> names;
  if (!directory) return names;
  DIR* listing = ::fdopendir(directory->get());
  if (listing == nullptr) return names;
  const int fd = directory->release();
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat info{};
    const bool is_directory =
        ::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
    if (!is_directory) names.push_back(name);
    if (names.size() > kExtensionsMax) break;
  }
  ::closedir(listing);
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::vector<std::string> extension_files(const CodeTrees& trees) {
  if (trees.layers.empty()) return {};
  const CodePlace place = find_in_code(trees, kExtensionsDirectory);
  if (place.kind != CodePlace::Kind::kDirectory) return {};
  return list_programs(open_directory(place));
}

std::vector<std::string> image_extension_files(const std::string& root) {
  const auto tree = os::open_at(os::kCwd, root, O_PATH | O_DIRECTORY);
  if (!tree) return {};
  return list_programs(
      os::open_in_root(tree->get(), kExtensionsDirectory.data(), O_RDONLY | O_DIRECTORY));
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
