// Runtimes that an operator has given to this server (`lapwing runtime add`): trees of files
// kept in the data directory by the hash of their content, each under a name. A name is a
// runtime identifier ("python3.13") whose interpreter the tree holds below bin/, or
// "java-client" for AWS's Java runtime interface client below lib/, or an SDK (sdk_trees.hpp).
//
//   <data_dir>/added/trees/<hash>/   never changed once there; archives of classes are put beside
//                                    jars, byte code beside Python's sources
//   <data_dir>/added/<name>          a link to one of them, replaced as a whole
//
// A server reads the names when it starts, and then removes the trees that have none: until
// then they may be what its sandboxes see. Thread-safety: one process changes them at a time.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace lapwing::server {

inline constexpr char kJavaClientName[] = "java-client";

struct AddedRuntime {
  std::string name;
  std::string tree;     // absolute
  std::string version;  // of the interpreter: "3.13.0"; of the client's jar; "boto3 1.44.5"
};

class AddedRuntimes {
 public:
  explicit AddedRuntimes(const std::string& data_dir);

  std::vector<AddedRuntime> list() const;
  // Copies the directory `from`, or the interpreter in the image that it names ("oci:DIR[:TAG]",
  // "oci-archive:FILE[:TAG]"; looked for below /var/lang, /usr/local, /opt and /usr), and puts it
  // under `name`, in place of what had that name. kInvalid when it does not hold what the name
  // says, or is too large (limits.hpp).
  Result<AddedRuntime> add(const std::string& name, const std::string& from) const;
  // kNotFound for an unknown name.
  Status remove(const std::string& name) const;
  // Removes the trees without a name. Only while no sandbox runs.
  Status sweep() const;

 private:
  Status check(AddedRuntime& candidate) const;
  Result<AddedRuntime> add_from_image(const std::string& name, const std::string& image) const;
  Result<std::string> keep_tree(const std::string& from) const;

  std::string root_;
};

}  // namespace lapwing::server
