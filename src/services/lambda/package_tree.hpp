// Directory trees on disk: writing an archive's, syncing, removing. Internal to package.cpp.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace lapwing::lambda {

class ZipArchive;

// Writes everything into the (empty) directory open as `root` and makes it durable. No link
// is followed: files are opened beneath the root with links forbidden, and links made last.
Status unpack_tree(const ZipArchive& archive, int root);

Status sync_path(const std::string& path);

// Names without "." and "..", in no order.
Result<std::vector<std::string>> list_directory(const std::string& path);

// Removes a tree without following links, whatever modes its directories have. Nothing there
// is success.
Status remove_tree(const std::string& path);

}  // namespace lapwing::lambda
