// `lapwing runtime add|list|remove`: runtimes given to the server of a data directory.
#pragma once

#include <string>

#include "server/config.hpp"

namespace lapwing::server {

// Each returns the process's exit status.
int run_runtime_add(const Config& config, const std::string& name, const std::string& from);
int run_runtime_list(const Config& config);
int run_runtime_remove(const Config& config, const std::string& name);

}  // namespace lapwing::server
