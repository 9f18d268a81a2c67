// Where this machine's interpreters are looked for.
#pragma once

#include <vector>

#include "runtime/language/catalogue.hpp"
#include "runtime/start/sandbox_planner.hpp"
#include "server/config.hpp"
#include "server/sdk_trees.hpp"

namespace lapwing::server {

// What was added to the data directory, what the configuration names, home directories of the
// server's user (and of the user who called sudo), the system's places.
runtime::Catalogue discover_runtimes(const Config& config);

// The SDKs that were added to the data directory.
std::vector<runtime::SdkMount> added_sdks(const Config& config);
// Those not given, of languages that this machine has an interpreter of.
std::vector<const SdkKind*> missing_sdks(const Config& config);

}  // namespace lapwing::server
