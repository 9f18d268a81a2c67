// Applies layers to a directory, lowest first, as the OCI image specification says ("Image Layer
// Filesystem Changeset"): whiteouts, opaque directories, hard links, links.
//
// Nothing a layer holds is trusted. Its paths are resolved as if the directory were the root of
// the file system, whatever links lie in the way (os::open_in_root), and each place is looked at
// before it is used: it has to lie below the directory. What is there already is never written
// through, but replaced.
//
// Kept: contents, links, permission bits, times of modification. Not kept: owners (everything is
// the server's, and a function is somebody else), set-id and sticky bits, extended attributes.
// Devices and fifos are left out. Directories stay open to the server, files readable.
//
// Thread-safety: one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "images/tar_reader.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::images {

// What all layers of an image may take together.
struct UnpackBudget {
  std::uint64_t bytes;
  std::uint64_t entries;
};

class LayerUnpacker {
 public:
  // `root`: an empty directory, absolute, existing. `stopping` ends an unpacking early.
  static Result<LayerUnpacker> open(const std::string& root, UnpackBudget budget,
                                    const std::atomic<bool>& stopping);

  Status apply(TarReader& layer);
  // After the last layer: mount points of a sandbox (see sandbox/view/rootfs.hpp) are what they
  // must be, directories and files and no links.
  Status finish();

 private:
  // Where an entry goes: an open parent directory, and a name in it.
  struct Place {
    int parent = -1;  // owned by parent_
    std::string name;
  };

  LayerUnpacker(std::string root, os::UniqueFd fd, UnpackBudget budget,
                const std::atomic<bool>& stopping);
  Status apply_entry(TarReader& layer, const TarEntry& entry);
  Status white_out(const std::string& parent, std::string_view name);
  Status clear(const std::string& directory, const std::string& path);
  Result<os::UniqueFd> open_directory(const std::string& path, bool make);
  Result<std::string> real_path(int directory) const;
  Result<Place> place_of(const std::string& path);
  Status remove(const Place& place);
  Status make_directory(const Place& place, const TarEntry& entry);
  Status make_file(const Place& place, const TarEntry& entry, TarReader& layer);
  Status make_hard_link(const Place& place, const TarEntry& entry);
  bool made_below(const std::string& path) const;

  std::string root_;
  os::UniqueFd fd_;
  UnpackBudget budget_;
  const std::atomic<bool>* stopping_;
  std::string parent_path_;
  os::UniqueFd parent_;         // the last one used
  std::set<std::string> made_;  // by the layer at hand: whiteouts are about those below
};

}  // namespace lapwing::images
