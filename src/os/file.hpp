// Small file helpers for /proc, /sys, cgroup files and our own data directory.
//
// Thread-safety: any thread. Everything opened is close-on-exec.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

// `directory` is a descriptor paths are relative to, or kCwd.
inline constexpr int kCwd = -100;  // AT_FDCWD

Result<UniqueFd> open_at(int directory, const std::string& path, int flags, unsigned mode = 0);
// Whole content, at most `limit` bytes (more is kTooLarge).
Result<std::string> read_file(const std::string& path, std::size_t limit = 16u << 20);
Result<std::string> read_file_at(int directory, const std::string& path,
                                 std::size_t limit = 16u << 20);
// One write(2) to an existing file: what kernel interface files want.
Status write_existing(const std::string& path, std::string_view text);
Status write_existing_at(int directory, const std::string& path, std::string_view text);
// Creates or replaces; readers see the old or the new content, never a part. Not synced.
Status write_atomically(const std::string& path, std::string_view content, unsigned mode = 0644);
Status write_all(int fd, std::string_view bytes);

// Like mkdir -p.
Status make_directories(const std::string& path, unsigned mode = 0755);
bool exists(const std::string& path);
bool is_directory(const std::string& path);
// Names without "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);
// Like rm -rf, never following links, never crossing into a mount.
Status remove_tree(const std::string& path);
// Content and permission bits; times and owner are not kept.
Status copy_file(const std::string& from, const std::string& to);

}  // namespace lapwing::os
