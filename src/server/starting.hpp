// What the commands that make sandboxes have in common: the data directory, the launcher, and how
// they say why they cannot go on.
//
// Thread-safety: the main thread, before any other.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "os/disk_space.hpp"
#include "sandbox/launcher.hpp"
#include "server/config.hpp"

namespace lapwing::server {

// Prints it for the operator, who may see the detail; answers the exit status.
int complain(const Error& error, const Config& config);

Error cannot_use_data_dir(const std::string& path, const char* why);
// Whether it is one that can be written to, or could be made; leaves nothing there.
Status check_data_dir(const std::string& data_dir);
// Makes it where it is missing; kInvalid where it cannot be one.
Status make_data_dir(const std::string& data_dir);

struct LauncherPlace {
  std::string data_dir;
  std::string stands_in_for = {};  // LauncherOptions
  std::shared_ptr<os::DiskSpace> space = nullptr;
};
// As the configuration has it.
Result<std::unique_ptr<sandbox::Launcher>> start_launcher(const Config& config,
                                                          LauncherPlace place);

}  // namespace lapwing::server
