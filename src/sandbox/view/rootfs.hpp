// The read-only root file system of sandboxes.
//
// A base directory holds the skeleton: a small /etc (users, hosts, certificates, UTC), the
// empty mount points, and copies of the everyday executables (sh, coreutils, grep, sed,
// tar, curl, ...). It is built once per content under <data_dir>/roots/ and never changed.
// The system library directories, time zones and the interpreter are bound on top,
// read-only. No home directories, no package database, nothing else of the host's /etc.
//
// Thread-safety: any thread; two processes may build the same base at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

class RootStore {
 public:
  // What is copied from the machine is looked at here, once: a base made later is of the same.
  explicit RootStore(std::string data_dir);

  // Builds the base directory if it is not there; answers its path.
  Result<std::string> ensure_base();

  // A RootPlan over that base: system binds (library directories, loader, time zones,
  // certificates) followed by `extra` (interpreter, bootstrap). The destinations of `extra`
  // that are not standard mount points (/var/lang, /var/runtime, /var/task, /opt, ...) are
  // made in the base, which is then another base.
  Result<RootPlan> compose(const std::vector<Bind>& extra);

  // What a root that is an image's own needs of this machine besides (RootPlan::base_dir is then
  // the image's directory): how names are looked up. Such a directory must have dev, proc, tmp
  // and etc as directories, etc/hosts and etc/resolv.conf as files, none of them a link.
  Result<std::vector<Bind>> image_binds();

 private:
  std::string data_dir_;
  std::uint64_t machine_;
};

}  // namespace lapwing::sandbox
