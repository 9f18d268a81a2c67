// The code that settings name, on disk: the package and the merged layers, or the image.
//
// Thread-safety: any thread; install_code() blocks on the disk, and for an image on the network.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "images/image_store.hpp"
#include "services/lambda/function_record.hpp"
#include "services/lambda/package.hpp"

namespace lapwing::lambda {

// Where code is kept. References to what outlives their holders.
struct CodeStores {
  PackageStore& packages;
  images::ImageStore& images;
};

struct InstalledCode {
  PackageHoldPtr package;
  PackageHoldPtr layers;       // null without layers
  images::ImageHoldPtr image;  // instead of both
};

// Unpacks, merges, pulls what is not there yet; errors of PackageStore::install() and
// ImageStore::install().
Result<InstalledCode> install_code(const CodeStores& stores, const Settings& settings);
// What is there already, or nothing.
std::optional<InstalledCode> find_installed(const CodeStores& stores, const Settings& settings);

// What settings use: directories of packages and layers, images by digest, and the blobs that
// directories are made from.
void add_directories(const Settings& settings, std::set<std::string>& names);
void add_images(const Settings& settings, std::set<std::string>& digests);
void add_blobs(const Settings& settings, std::vector<std::string>& sha256s);

}  // namespace lapwing::lambda
