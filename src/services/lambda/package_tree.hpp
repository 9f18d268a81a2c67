// Directory trees on disk: writing an archive's, merging, syncing, removing. Internal to
// package.cpp.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lapwing::lambda {

class ZipArchive;

// Writes everything into the (empty) directory open as `root` and makes it durable. No link
// is followed: files are opened beneath the root with links forbidden, and links made last.
Status unpack_tree(const ZipArchive& archive, int root);

// The directories that an archive has entries for, by path. Others are only where its files are.
using DirectoryNames = std::set<std::string>;
DirectoryNames directories_named(const ZipArchive& archive);

// Moves everything of the tree `from` into the tree `into`, over what is there: a directory is
// merged with a directory, all else is replaced. A merged directory has the mode and time of
// `from` if that named it, else those it had. Follows no link; durable after sync_file_system().
// `from` is left with empty directories.
Status merge_tree(const std::string& from, const std::string& into, const DirectoryNames& named);

Status sync_path(const std::string& path);
// Everything on the file system that `path` is on.
Status sync_file_system(const std::string& path);

// Names without "." and "..", in no order.
Result<std::vector<std::string>> list_directory(const std::string& path);

// Removes a tree without following links, whatever modes its directories have. Nothing there
// is success.
Status remove_tree(const std::string& path);

}  // namespace lapwing::lambda
