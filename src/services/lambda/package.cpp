#include "services/lambda/package.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>

#include "crypto/sha256.hpp"
#include "os/unique_fd.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/package_tree.hpp"
#include "services/lambda/zip_archive.hpp"

namespace lapwing::lambda {

namespace {

// Names that are not a package's: half-made ones and ones on their way out.
constexpr std::string_view kMakingPrefix = ".making-";
constexpr std::string_view kGonePrefix = ".gone-";

Status make_directory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return fail(errno_error("mkdir " + path));
}

bool is_directory(const std::string& path) {
  struct stat st{};
  return lstat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

bool is_package_name(std::string_view name) { return name.size() == 64; }

}  // namespace

PackageStore::PackageStore(std::string data_dir, store::BlobStore& blobs, Random& random,
                           Logger& logger, const os::DiskSpace* disk)
    : root_(std::move(data_dir) + "/code"),
      blobs_(blobs),
      random_(random),
      logger_(logger),
      disk_(disk) {}

Status PackageStore::prepare() {
  LAPWING_CHECK(make_directory(root_, 0711));
  LAPWING_TRY(const std::vector<std::string> names, list_directory(root_));
  for (const std::string& name : names) {
    if (!name.starts_with(kMakingPrefix) && !name.starts_with(kGonePrefix)) continue;
    LAPWING_CHECK(remove_tree(directory(name)));
  }
  return {};
}

Result<PackageInfo> PackageStore::check(std::string_view zip) {
  LAPWING_TRY(const ZipArchive archive, ZipArchive::open(zip));
  return PackageInfo{archive.unpacked_bytes(), archive.entries().size(), native_files(archive)};
}

Result<PackageHoldPtr> PackageStore::install(const std::string& sha256) {
  return install_as(sha256, [&](const std::string& into) -> Status {
    LAPWING_CHECK(unpack(sha256, into));
    return {};
  });
}

std::string PackageStore::layers_name(const std::vector<std::string>& sha256s) {
  if (sha256s.empty()) return "";
  if (sha256s.size() == 1) return sha256s.front();
  return crypto::sha256_hex(fmt::format("layers\n{}\n", fmt::join(sha256s, "\n")));
}

Result<PackageHoldPtr> PackageStore::install_layers(const std::vector<std::string>& sha256s) {
  if (sha256s.empty()) return nullptr;
  if (sha256s.size() == 1) return install(sha256s.front());
  return install_as(layers_name(sha256s),
                    [&](const std::string& into) { return unpack_layers(sha256s, into); });
}

Result<PackageHoldPtr> PackageStore::install_as(const std::string& name,
                                                FunctionRef<Status(const std::string&)> make) {
  if (PackageHoldPtr there = hold(name)) return there;
  const std::string making = new_directory();
  Status done = make(making);
  if (!done) {
    if (const Status removed = remove_tree(making); !removed) {
      logger_.warn("lambda", "half-unpacked package left", {{"why", removed.error().to_log()}});
    }
    return fail(std::move(done).error());
  }
  PackageHoldPtr out;
  {
    const std::lock_guard lock(mutex_);
    const std::string place = directory(name);
    // Somebody else may have been faster: then theirs is the one.
    if (is_directory(place) || rename(making.c_str(), place.c_str()) == 0) {
      out = hold_locked(name);
    }
  }
  if (!out) {
    Error error = errno_error("rename " + making);
    static_cast<void>(remove_tree(making));
    return fail(std::move(error));
  }
  LAPWING_CHECK(sync_path(root_));
  if (is_directory(making)) LAPWING_CHECK(remove_tree(making));
  return out;
}

PackageHoldPtr PackageStore::hold(const std::string& name) {
  const std::lock_guard lock(mutex_);
  // What somebody holds is there.
  if (const auto known = holds_.find(name); known != holds_.end()) {
    if (PackageHoldPtr held = known->second.lock()) return held;
  }
  return is_directory(directory(name)) ? hold_locked(name) : nullptr;
}

PackageHoldPtr PackageStore::hold_locked(const std::string& name) {
  std::weak_ptr<const PackageHold>& known = holds_[name];
  PackageHoldPtr out = known.lock();
  if (!out) {
    out = std::make_shared<const PackageHold>(PackageHold{directory(name)});
    known = out;
  }
  return out;
}

Result<std::size_t> PackageStore::sweep(const std::set<std::string>& referenced) {
  LAPWING_TRY(const std::vector<std::string> names, list_directory(root_));
  std::vector<std::string> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names) {
      if (!is_package_name(name) || referenced.contains(name)) continue;
      const auto known = holds_.find(name);
      if (known != holds_.end() && !known->second.expired()) continue;
      // Out of the way first: one who needs it again makes a new one.
      std::string grave = directory(std::string(kGonePrefix) + make_uuid(random_));
      if (rename(directory(name).c_str(), grave.c_str()) != 0) continue;
      if (known != holds_.end()) holds_.erase(known);
      gone.push_back(std::move(grave));
    }
  }
  for (const std::string& grave : gone) LAPWING_CHECK(remove_tree(grave));
  return gone.size();
}

std::string PackageStore::directory(std::string_view name) const {
  return root_ + "/" + std::string(name);
}

std::string PackageStore::new_directory() const {
  return directory(std::string(kMakingPrefix) + make_uuid(random_));
}

Result<DirectoryNames> PackageStore::unpack(const std::string& sha256, const std::string& into) {
  LAPWING_TRY(const store::BlobId id, store::BlobId::from_hex(sha256));
  LAPWING_TRY(const std::string zip, blobs_.read_all(id, kMaxZippedBytes));
  LAPWING_TRY(const ZipArchive archive, ZipArchive::open(zip));
  if (disk_ != nullptr) LAPWING_CHECK(disk_->check(archive.unpacked_bytes()));
  LAPWING_CHECK(make_directory(into, 0755));
  const os::UniqueFd root(open(into.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) return fail(errno_error("open " + into));
  LAPWING_CHECK(unpack_tree(archive, root.get()));
  return directories_named(archive);
}

Status PackageStore::unpack_layers(const std::vector<std::string>& sha256s,
                                   const std::string& into) {
  LAPWING_CHECK(unpack(sha256s.front(), into));
  for (std::size_t i = 1; i < sha256s.size(); ++i) {
    // Each on its own first, so that no layer's archive can write through another's links.
    const std::string one = new_directory();
    const auto named = unpack(sha256s[i], one);
    const Status merged = named ? merge_tree(one, into, *named) : Status();
    const Status removed = remove_tree(one);
    LAPWING_CHECK(named);
    LAPWING_CHECK(merged);
    LAPWING_CHECK(removed);
  }
  return sync_file_system(into);
}

}  // namespace lapwing::lambda
