// Deployment packages and layers. The zip is kept in Blob under its SHA-256; DATA/code/<sha256>/
// is the same unpacked, made once, shared by every function and version with equal code, and
// made again from the blob when it is missing. Several layers are merged, later ones over
// earlier ones, into a directory named by a hash of theirs, made and shared in the same way.
//
// A directory appears by rename of a finished, synced one: half-unpacked packages are never
// seen. It stays while anybody holds a PackageHold of it; sweep() removes the others.
//
// Unpacking trusts nothing (zip_archive.hpp says what is refused) and follows no link: files
// are opened beneath the directory with symbolic links forbidden, and links, which may lead
// anywhere, are made last. One who looks into a directory from outside a sandbox must follow none
// either (runtime/start/code_view.hpp resolves them as code inside sees them).
// Permission bits and times are the archive's, without set-id and sticky bits; entries that record
// none get 0644, directories 0755. Of a directory in several layers they are the last one's.
//
// Thread-safety: every method from any thread. install() and sweep() block on the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/function_ref.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "os/disk_space.hpp"
#include "services/lambda/native_files.hpp"
#include "store/blob.hpp"

namespace lapwing::lambda {

// Keeps an unpacked package on disk.
struct PackageHold {
  std::string directory;  // absolute
};
using PackageHoldPtr = std::shared_ptr<const PackageHold>;

struct PackageInfo {
  std::uint64_t unpacked_bytes = 0;
  std::size_t entries = 0;
  NativeFiles native;
};

class PackageStore {
 public:
  // Packages live in `data_dir`/code; all parameters outlive the store. `disk`: what must stay
  // free, or null.
  PackageStore(std::string data_dir, store::BlobStore& blobs, Random& random, Logger& logger,
               const os::DiskSpace* disk = nullptr);

  // Makes the directory and removes what an interrupted run left half-made. Once, first.
  Status prepare();

  // Everything that can be known without unpacking; AWS's errors.
  static Result<PackageInfo> check(std::string_view zip);

  // Unpacks the blob of this SHA-256 unless that is done already. AWS's errors for what only
  // unpacking shows (damaged data), kUnavailable for a full disk.
  Result<PackageHoldPtr> install(const std::string& sha256);

  // The layers of these SHA-256s in one directory, as install(); null for none.
  Result<PackageHoldPtr> install_layers(const std::vector<std::string>& sha256s);
  // What that directory is called, "" for none.
  static std::string layers_name(const std::vector<std::string>& sha256s);

  // The directory of this name if it is there, else null.
  PackageHoldPtr hold(const std::string& name);

  // Removes the unpacked packages that nobody holds and `referenced` does not name; answers
  // how many.
  Result<std::size_t> sweep(const std::set<std::string>& referenced);

 private:
  // Makes the directory of this name by `make`, which fills the one it is given.
  Result<PackageHoldPtr> install_as(const std::string& name,
                                    FunctionRef<Status(const std::string&)> make);
  PackageHoldPtr hold_locked(const std::string& name);
  std::string directory(std::string_view name) const;
  std::string new_directory() const;
  // Answers the directories that the archive names.
  Result<std::set<std::string>> unpack(const std::string& sha256, const std::string& into);
  Status unpack_layers(const std::vector<std::string>& sha256s, const std::string& into);

  std::string root_;
  store::BlobStore& blobs_;
  Random& random_;
  Logger& logger_;
  const os::DiskSpace* disk_;
  std::mutex mutex_;  // guards holds_ and renames into and out of root_
  std::unordered_map<std::string, std::weak_ptr<const PackageHold>> holds_;
};

}  // namespace lapwing::lambda
