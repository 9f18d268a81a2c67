// Looking into unpacked packages and layers from outside the sandbox, where their links, which may
// lead anywhere, would be followed through this machine. Paths are resolved as code inside the
// sandbox sees them: /var/task is the package, /opt the merged layers, links and ".." lead from
// one to the other, and everything else is the runtime's own tree and not looked at.
//
// Thread-safety: any thread; it reads directories nobody writes to.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::runtime {

// Absolute directories on this machine; `layers` is empty without layers.
struct CodeTrees {
  const std::string& code;
  const std::string& layers;
};

struct CodePlace {
  enum class Kind {
    kMissing,    // nothing is there, or links go round in a circle
    kElsewhere,  // in the runtime's own tree: only the sandbox can tell
    kFile,
    kDirectory,
  };
  Kind kind = Kind::kMissing;
  unsigned mode = 0;          // permission bits
  std::string tree = {};      // kFile, kDirectory: one of CodeTrees
  std::string relative = {};  // and the way from there, without a link; "." for the tree itself
};

// `path` is absolute, as inside the sandbox.
CodePlace find_in_code(const CodeTrees& trees, std::string_view path);

// Opens a kDirectory for reading.
Result<os::UniqueFd> open_directory(const CodePlace& place);

}  // namespace lapwing::runtime
