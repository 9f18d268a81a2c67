// A data directory and the lock that keeps it to one process.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::store {

// Makes `path` and what is missing above it, private to the user.
Status make_dirs(const std::string& path);

// flock(2)s DIR/lock until the descriptor goes; the kernel drops it when the process dies.
// kConflict when another process (or this one, already) has it.
Result<os::UniqueFd> lock_data_dir(const std::string& dir);

}  // namespace lapwing::store
