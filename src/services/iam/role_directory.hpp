// Roles as others ask for them (ports/roles.hpp): all of them in memory, so that no invocation
// waits for the store. Memory grows with the roles there are (kRolesMax an account); who asks for
// others costs nothing.
//
//   RoleDirectory roles(engine);
//   LAPWING_CHECK(roles.load());     // before the first request
//   roles.follow(sequence);          // after each commit: seen by who asks next
//
// Thread-safety: any thread. find() waits for nothing; load() and follow() read the store.
#pragma once

#include <cstddef>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ports/roles.hpp"
#include "services/iam/records.hpp"
#include "store/engine.hpp"

namespace lapwing::iam {

class RoleDirectory final : public ports::Roles {
 public:
  // `space` outlives it.
  RoleDirectory(store::Space& space, bool known_only) : space_(space), known_only_(known_only) {}

  // Reads all roles. Where it fails, find() answers kUnavailable until one that does not.
  Status load();
  // Reads what this commit has changed.
  void follow(store::CommitSequence commit);
  // A commit that nobody knows the number of may have changed anything.
  void reload() { (void)load(); }

  // kUnavailable where the store could not be read after the last change.
  Result<ports::Role> find(std::string_view arn) override;
  bool known_only() const override { return known_only_; }

  std::size_t size() const;

 private:
  struct Known {
    std::string arn;
    ports::Role role;
  };
  using Roles = std::unordered_map<std::string, Known>;  // by the record's key

  static Known known(const Identity& role);
  Status load_under_lock();
  Status read_changes(store::CommitSequence commit);
  Status refresh(const std::string& key);

  store::Space& space_;
  const bool known_only_;
  std::mutex reading_;  // so that the last one to read is the last one to write
  mutable std::shared_mutex mutex_;
  Roles roles_;
  bool complete_ = true;
};

}  // namespace lapwing::iam
