// Images as functions use them: pulled, verified, unpacked once, shared, and swept.
//
//   DATA/images/<digest of the manifest>/config.json    what the image says about itself
//   DATA/images/<digest>/root-<random>/                  its files, the root of sandboxes
//
// A directory appears by rename of a finished, synced one; what a kill leaves half-made is removed
// at the next start. The root's name is random because one who mounted it may outlive it: an
// image that went and came back is another directory. It stays while anybody holds it.
//
// Thread-safety: any thread. resolve() and install() block on the network and the disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "images/image_source.hpp"
#include "images/registry_access.hpp"
#include "os/disk_space.hpp"

namespace lapwing::images {

struct ImageOptions {
  std::string data_dir;
  RegistryOptions registries;
  // Directories below which layouts and archives of this machine may be named.
  std::vector<std::string> layouts;
  // What images must leave free; null: nothing.
  const os::DiskSpace* disk = nullptr;
};

// Keeps an unpacked image on disk.
struct ImageHold {
  std::string root;  // absolute
  ImageConfig config;
};
using ImageHoldPtr = std::shared_ptr<const ImageHold>;

struct ResolvedImage {
  Digest digest;    // of the manifest for this machine
  std::string uri;  // names exactly that
};

class ImageStore {
 public:
  // All outlive the store.
  ImageStore(ImageOptions options, const Clock& clock, Random& random, Logger& logger);
  ~ImageStore();

  // Makes the directory and removes what an interrupted run left half-made. Once, first.
  Status prepare();

  // What a name means now. Errors as errors.hpp has them; kThrottled when too many ask at once.
  Result<ResolvedImage> resolve(const std::string& uri);
  // The image that a ResolvedImage names, pulled and unpacked unless that is done already.
  Result<ImageHoldPtr> install(const std::string& resolved_uri);
  // The image of this digest (hexadecimal) if it is there, else null.
  ImageHoldPtr hold(const std::string& digest);
  // Removes the images that nobody holds and `referenced` does not name; answers how many.
  Result<std::size_t> sweep(const std::set<std::string>& referenced);

  // Ends pulling and unpacking with kCancelled; for good.
  void stop();

 private:
  Result<std::unique_ptr<ImageSource>> open(const ImageReference& reference, Duration patience);
  Status check_allowed(const std::string& path) const;
  Status make(ImageSource& source, const Manifest& manifest, const std::string& directory);
  Result<ImageHoldPtr> publish(const std::string& making, const std::string& digest);
  Result<ImageHoldPtr> install_alone(const ImageReference& reference);
  ImageHoldPtr hold_locked(const std::string& digest);
  std::string directory(std::string_view name) const;

  ImageOptions options_;
  Random& random_;
  Logger& logger_;
  RegistryAccess registries_;
  std::string root_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> resolving_{0};
  std::mutex mutex_;  // guards what follows, and renames into and out of root_
  std::condition_variable installed_;
  std::set<std::string> installing_;
  std::unordered_map<std::string, std::weak_ptr<const ImageHold>> holds_;
};

// The files of the image that a layout ("oci:...", "oci-archive:...") holds, in a new directory.
Status unpack_layout(const std::string& reference, const std::string& directory);

}  // namespace lapwing::images
