// The code that settings name, on disk: the package and the merged layers.
//
// Thread-safety: any thread; install_code() blocks on the disk.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "services/lambda/function_record.hpp"
#include "services/lambda/package.hpp"

namespace lapwing::lambda {

struct InstalledCode {
  PackageHoldPtr package;
  PackageHoldPtr layers;  // null without layers
};

// Unpacks and merges what is not there yet; errors of PackageStore::install().
Result<InstalledCode> install_code(PackageStore& packages, const Settings& settings);
// What is there already, or nothing.
std::optional<InstalledCode> find_installed(PackageStore& packages, const Settings& settings);

// The directories these settings use, and the blobs those are made from.
void add_directories(const Settings& settings, std::set<std::string>& names);
void add_blobs(const Settings& settings, std::vector<std::string>& sha256s);

}  // namespace lapwing::lambda
