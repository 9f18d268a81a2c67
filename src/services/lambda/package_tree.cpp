#include "services/lambda/package_tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "os/open_beneath.hpp"
#include "os/unique_fd.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/zip_archive.hpp"

namespace lapwing::lambda {

namespace {

using Kind = ZipEntry::Kind;

// Beyond this many files, or with directories, one syncfs(2) is cheaper than a sync of each.
constexpr std::size_t kSyncEachMax = 16;
// What a removal or a merge goes down at most: the deepest package and the directory around it.
constexpr std::size_t kMaxRemovalDepth = kMaxEntryDepth + 2;

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};
using DirPtr = std::unique_ptr<DIR, CloseDir>;

// When it was written last, as the archive says; of the access it says nothing.
std::array<timespec, 2> times_of(const ZipEntry& entry) {
  return {timespec{0, UTIME_OMIT}, timespec{static_cast<time_t>(entry.modified_s), 0}};
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return fail(errno_error("write a package's file"));
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

// The directory and all above it; existing ones are fine. Made accessible to us; their own
// modes are set at the end.
Status make_directories(int root, std::string_view path) {
  for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
    const std::string part(path.substr(0, slash));
    // Safe: check_tree() made sure that no part of the path is a link of this archive, and
    // links, wherever they lead, are made last.
    if (mkdirat(root, part.c_str(), 0755) == 0) {
      // Past the umask: the function runs as somebody else.
      if (fchmodat(root, part.c_str(), 0755, 0) != 0) return fail(errno_error("fchmodat"));
    } else if (errno != EEXIST) {
      return fail(errno_error("mkdirat"));
    }
    if (slash == std::string_view::npos) return {};
  }
}

Status write_file(const ZipArchive& archive, const ZipEntry& entry, int root, bool sync) {
  LAPWING_TRY(const os::UniqueFd file,
              os::open_beneath(root, entry.path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  LAPWING_CHECK(
      archive.extract(entry, [&](std::string_view piece) { return write_all(file.get(), piece); }));
  // Past the umask; without set-id bits by construction.
  if (fchmod(file.get(), entry.mode) != 0) return fail(errno_error("fchmod"));
  if (futimens(file.get(), times_of(entry).data()) != 0) return fail(errno_error("futimens"));
  if (sync && fsync(file.get()) != 0) return fail(errno_error("fsync"));
  return {};
}

Status make_links(const ZipArchive& archive, int root) {
  for (const ZipEntry& entry : archive.entries()) {
    if (entry.kind != Kind::kLink) continue;
    const std::size_t slash = entry.path.rfind('/');
    const bool nested = slash != std::string::npos;
    const std::string parent = nested ? entry.path.substr(0, slash) : ".";
    const std::string name = nested ? entry.path.substr(slash + 1) : entry.path;
    LAPWING_TRY(const os::UniqueFd directory,
                os::open_beneath(root, parent.c_str(), O_RDONLY | O_DIRECTORY));
    if (symlinkat(entry.target.c_str(), directory.get(), name.c_str()) != 0) {
      return fail(errno_error("symlinkat"));
    }
    if (utimensat(directory.get(), name.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW) !=
        0) {
      return fail(errno_error("utimensat"));
    }
  }
  return {};
}

// Modes and times, at last: what is made in a directory changes its time. Deepest first, so that
// no directory closes itself before its children are done.
Status finish_directories(const ZipArchive& archive, int root) {
  const std::vector<ZipEntry>& entries = archive.entries();
  std::vector<const ZipEntry*> directories;
  for (const ZipEntry& entry : entries) {
    if (entry.kind == Kind::kDirectory) directories.push_back(&entry);
  }
  std::ranges::sort(directories, [](const ZipEntry* a, const ZipEntry* b) {
    return std::ranges::count(a->path, '/') > std::ranges::count(b->path, '/');
  });
  for (const ZipEntry* entry : directories) {
    LAPWING_TRY(const os::UniqueFd directory,
                os::open_beneath(root, entry->path.c_str(), O_RDONLY | O_DIRECTORY));
    if (fchmod(directory.get(), entry->mode) != 0) return fail(errno_error("fchmod"));
    if (futimens(directory.get(), times_of(*entry).data()) != 0) {
      return fail(errno_error("futimens"));
    }
  }
  return {};
}

Status remove_children(int directory, std::size_t depth);

Status remove_entry(int directory, const char* name, std::size_t depth) {
  if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return fail(errno_error("unlinkat"));
  // Safe: NOFOLLOW on a single name; a directory closed to us is opened up first.
  static_cast<void>(fchmodat(directory, name, 0700, 0));
  os::UniqueFd child(openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!child) return fail(errno_error("openat"));
  LAPWING_CHECK(remove_children(child.get(), depth + 1));
  if (unlinkat(directory, name, AT_REMOVEDIR) != 0) return fail(errno_error("rmdir"));
  return {};
}

bool is_dots(const char* name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

Result<DirPtr> open_entries(int directory) {
  const int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail(errno_error("dup"));
  DirPtr dir(fdopendir(copy));
  if (!dir) {
    close(copy);
    return fail(errno_error("fdopendir"));
  }
  return dir;
}

Status remove_children(int directory, std::size_t depth) {
  if (depth > kMaxRemovalDepth) return fail(internal_error("a package deeper than possible"));
  LAPWING_TRY(const DirPtr dir, open_entries(directory));
  while (const dirent* entry = readdir(dir.get())) {
    if (is_dots(entry->d_name)) continue;
    LAPWING_CHECK(remove_entry(directory, entry->d_name, depth));
  }
  return {};
}

// Open to us while its children are moved, whatever its mode.
Result<os::UniqueFd> open_wide(int parent, const char* name) {
  // Safe: NOFOLLOW below, on a single name of a tree nobody else writes to.
  static_cast<void>(fchmodat(parent, name, 0700, 0));
  os::UniqueFd out(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!out) return fail(errno_error("openat"));
  return out;
}

bool is_directory_at(int parent, const char* name, struct stat* st) {
  return fstatat(parent, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st->st_mode);
}

// Where two directories are merged: below the trees' roots, and what the upper one names.
struct MergePlace {
  std::string path;
  const DirectoryNames& named;
  std::size_t depth = 0;
};

Status merge_children(int from, int into, const MergePlace& place);

// A directory that is closed to us cannot change its parent: opened for the while.
Status move_entry(int from, int into, const char* name) {
  struct stat moved{};
  const bool closed = is_directory_at(from, name, &moved) && (moved.st_mode & 0200) == 0;
  // Safe: a directory, in a tree nobody else writes to.
  if (closed) static_cast<void>(fchmodat(from, name, 0700, 0));
  if (renameat(from, name, into, name) != 0) return fail(errno_error("renameat"));
  if (closed && fchmodat(into, name, moved.st_mode & 07777, 0) != 0) {
    return fail(errno_error("fchmodat"));
  }
  return {};
}

Status merge_entry(int from, int into, const char* name, const MergePlace& place) {
  struct stat moved{};
  struct stat there{};
  if (is_directory_at(from, name, &moved) && is_directory_at(into, name, &there)) {
    LAPWING_TRY(const os::UniqueFd source, open_wide(from, name));
    LAPWING_TRY(const os::UniqueFd target, open_wide(into, name));
    const MergePlace below{place.path.empty() ? name : place.path + "/" + name, place.named,
                           place.depth + 1};
    LAPWING_CHECK(merge_children(source.get(), target.get(), below));
    // Once nothing is moved any more.
    const struct stat& looks = place.named.contains(below.path) ? moved : there;
    if (fchmod(target.get(), looks.st_mode & 07777) != 0) return fail(errno_error("fchmod"));
    const timespec times[2] = {{0, UTIME_OMIT}, looks.st_mtim};
    if (futimens(target.get(), times) != 0) return fail(errno_error("futimens"));
    return {};
  }
  // rename(2) would replace a file, but neither a directory by a file nor the other way round.
  LAPWING_CHECK(remove_entry(into, name, place.depth));
  return move_entry(from, into, name);
}

Status merge_children(int from, int into, const MergePlace& place) {
  if (place.depth > kMaxRemovalDepth) return fail(internal_error("a package deeper than possible"));
  // All names first: entries leave the directory as they are moved.
  std::vector<std::string> names;
  LAPWING_TRY(const DirPtr dir, open_entries(from));
  while (const dirent* entry = readdir(dir.get())) {
    if (!is_dots(entry->d_name)) names.emplace_back(entry->d_name);
  }
  for (const std::string& name : names) {
    LAPWING_CHECK(merge_entry(from, into, name.c_str(), place));
  }
  return {};
}

}  // namespace

Status unpack_tree(const ZipArchive& archive, int root) {
  if (fchmod(root, 0755) != 0) return fail(errno_error("fchmod"));
  const bool flat = std::ranges::none_of(
      archive.entries(), [](const ZipEntry& entry) { return entry.path.contains('/'); });
  const bool sync_each = flat && archive.entries().size() <= kSyncEachMax;
  std::string last_parent;
  for (const ZipEntry& entry : archive.entries()) {
    const bool directory = entry.kind == Kind::kDirectory;
    const std::size_t slash = entry.path.rfind('/');
    const std::string parent = directory                    ? entry.path
                               : slash == std::string::npos ? std::string()
                                                            : entry.path.substr(0, slash);
    if (!parent.empty() && parent != last_parent) {
      LAPWING_CHECK(make_directories(root, parent));
      last_parent = parent;
    }
    if (entry.kind == Kind::kFile) {
      LAPWING_CHECK(write_file(archive, entry, root, sync_each));
    }
  }
  LAPWING_CHECK(make_links(archive, root));
  LAPWING_CHECK(finish_directories(archive, root));
  if (!sync_each && syncfs(root) != 0) return fail(errno_error("syncfs"));
  if (sync_each && fsync(root) != 0) return fail(errno_error("fsync"));
  return {};
}

DirectoryNames directories_named(const ZipArchive& archive) {
  DirectoryNames names;
  for (const ZipEntry& entry : archive.entries()) {
    if (entry.kind == Kind::kDirectory) names.insert(entry.path);
  }
  return names;
}

Status merge_tree(const std::string& from, const std::string& into, const DirectoryNames& named) {
  const os::UniqueFd source(open(from.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const os::UniqueFd target(open(into.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!source || !target) return fail(errno_error("open " + from + " and " + into));
  return merge_children(source.get(), target.get(), {"", named});
}

Status sync_file_system(const std::string& path) {
  const os::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || syncfs(fd.get()) != 0) return fail(errno_error("syncfs " + path));
  return {};
}

Status sync_path(const std::string& path) {
  const os::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return fail(errno_error("sync " + path));
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  const DirPtr dir(opendir(path.c_str()));
  if (!dir) return fail(errno_error("opendir " + path));
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Status remove_tree(const std::string& path) { return remove_entry(AT_FDCWD, path.c_str(), 0); }

}  // namespace lapwing::lambda
