// Roles as others ask for them (ports/roles.hpp). What was asked for is remembered until something
// in IAM changes.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ports/roles.hpp"
#include "store/store.hpp"

namespace lapwing::iam {

class RoleDirectory final : public ports::Roles {
 public:
  // `store` outlives it.
  RoleDirectory(store::Store& store, bool known_only) : store_(store), known_only_(known_only) {}

  Result<ports::Role> find(std::string_view arn) override;
  bool known_only() const override { return known_only_; }
  // After each change.
  void forget();

 private:
  Result<ports::Role> read(std::string_view arn);

  store::Store& store_;
  const bool known_only_;
  std::mutex mutex_;
  std::uint64_t changes_ = 0;
  std::unordered_map<std::string, ports::Role> roles_;  // by ARN
};

}  // namespace lapwing::iam
