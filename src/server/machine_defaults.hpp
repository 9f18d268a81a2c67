// The machine, as settings ask for it whose default depends on it.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "base/settings.hpp"

namespace lapwing::server {

// `data_dir` need not be there yet.
MachineSizes machine_sizes(const std::string& data_dir);

}  // namespace lapwing::server
