// AttachRolePolicy, DetachRolePolicy, ListAttachedRolePolicies, PutRolePermissionsBoundary,
// DeleteRolePermissionsBoundary, and the same of users and groups.
#pragma once

#include <string>
#include <utility>

#include "aws/empty.hpp"
#include "gen/iam/shape/attached_policy.hpp"
#include "services/iam/core.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/operations/which.hpp"
#include "services/iam/pages.hpp"

namespace lapwing::iam {

Status attach(store::Txn& txn, std::string_view account, Kind kind, std::string_view name,
              const std::string& arn);
Status detach(store::Txn& txn, std::string_view account, Kind kind, std::string_view name,
              const std::string& arn);
// Empty: none.
Status set_boundary(store::Txn& txn, std::string_view account, Kind kind, std::string_view name,
                    const std::string& arn);
// InvalidInput or NoSuchEntity for what cannot be one.
Status check_boundary(store::Reader& reader, std::string_view account, const std::string& arn);
std::vector<gen::iam::AttachedPolicy> show_attached(const Identity& identity);

template <class Op>
Result<aws::Empty> attach_policy(Core& core, const aws::Call& call, typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_CHECK(change(core, [&](store::Txn& txn) {
    return attach(txn, account_of(call), kind_of<In>(), name_in(in), in.policy_arn);
  }));
  return aws::Empty();
}

template <class Op>
Result<aws::Empty> detach_policy(Core& core, const aws::Call& call, typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_CHECK(change(core, [&](store::Txn& txn) {
    return detach(txn, account_of(call), kind_of<In>(), name_in(in), in.policy_arn);
  }));
  return aws::Empty();
}

template <class Op>
Result<typename Op::Output> list_attached(Core& core, const aws::Call& call,
                                          typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_TRY(const PageAsk ask,
              page_ask(std::string(Op::kName) + lower(name_in(in)), in.marker, in.max_items));
  LAPWING_TRY(const Identity identity, read<Identity>(core, [&](store::Reader& reader) {
                return find_identity(reader, account_of(call), kind_of<In>(), name_in(in));
              }));
  auto all = show_attached(identity);
  if (in.path_prefix) {
    std::erase_if(all, [&](const gen::iam::AttachedPolicy& policy) {
      const auto name = parse_policy_arn(*policy.policy_arn);
      return !name || !name->path.starts_with(*in.path_prefix);
    });
  }
  auto page = page_items(std::move(all), ask,
                         [](const gen::iam::AttachedPolicy& policy) { return *policy.policy_arn; });
  typename Op::Output out;
  out.attached_policies = std::move(page.items);
  set_page(out, page);
  return out;
}

template <class Op>
Result<aws::Empty> put_boundary(Core& core, const aws::Call& call, typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_CHECK(change(core, [&](store::Txn& txn) {
    return set_boundary(txn, account_of(call), kind_of<In>(), name_in(in), in.permissions_boundary);
  }));
  return aws::Empty();
}

template <class Op>
Result<aws::Empty> delete_boundary(Core& core, const aws::Call& call, typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_CHECK(change(core, [&](store::Txn& txn) {
    return set_boundary(txn, account_of(call), kind_of<In>(), name_in(in), "");
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
