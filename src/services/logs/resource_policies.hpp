// Resource policies: which services may write into log groups. Those of an account and Region have
// a name; a group has one of its own.
//
// Thread-safety: any thread; blocks on the store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ports/destination.hpp"
#include "resources/table.hpp"
#include "services/logs/repository.hpp"

namespace lapwing::logs {

struct ResourcePolicy {
  Scope scope;
  std::string name;   // of an account's; else empty
  std::string group;  // of a group's own; else empty
  std::string document;
  std::string revision;  // of a group's
  std::int64_t updated_ms = 0;
};

struct ResourcePolicyTable {
  using Record = ResourcePolicy;
  static constexpr std::string_view kKind = kPolicyKind;
  static constexpr int kFormat = 1;

  static std::string account_key(const Scope& scope, std::string_view name) {
    return resources::scoped_key(scope, std::string("account/").append(name));
  }
  static std::string key(const Record& each) {
    return each.group.empty() ? account_key(each.scope, each.name)
                              : resource_policy_key(each.scope, each.group);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("name", each.name);
    f("group", each.group);
    f("document", each.document);
    f("revision", each.revision);
    f("updated", each.updated_ms);
  }
};
using ResourcePolicies = resources::Table<ResourcePolicyTable>;

// Whether a service may write to the stream: some policy allows it, and none denies it.
Result<bool> may_write(Repository& repository, const Scope& scope, std::string_view group,
                       std::string_view stream, const ports::OnBehalf& as);

}  // namespace lapwing::logs
