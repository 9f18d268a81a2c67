// PutRolePolicy, GetRolePolicy, DeleteRolePolicy, ListRolePolicies, and the same of users and
// groups.
#pragma once

#include <string>
#include <utility>

#include "aws/empty.hpp"
#include "services/iam/core.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/operations/which.hpp"
#include "services/iam/pages.hpp"

namespace lapwing::iam {

Status put_inline_policy(store::Txn& txn, std::string_view account, Kind kind,
                         std::string_view owner, std::string name, std::string document);
Result<InlinePolicy> find_inline_policy(store::Reader& reader, std::string_view account, Kind kind,
                                        std::string_view owner, std::string_view name);
Status delete_inline_policy(store::Txn& txn, std::string_view account, Kind kind,
                            std::string_view owner, std::string_view name);

template <class Op>
Result<aws::Empty> put_policy(Core& core, const aws::Call& call, typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_CHECK(check_name("policyName", in.policy_name));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) {
    return put_inline_policy(txn, account_of(call), kind_of<In>(), name_in(in), in.policy_name,
                             in.policy_document);
  }));
  return aws::Empty();
}

template <class Op>
Result<typename Op::Output> get_policy_of(Core& core, const aws::Call& call,
                                          typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_TRY(const InlinePolicy policy, read<InlinePolicy>(core, [&](store::Reader& reader) {
                return find_inline_policy(reader, account_of(call), kind_of<In>(), name_in(in),
                                          in.policy_name);
              }));
  typename Op::Output out;
  name_in(out) = name_in(in);
  out.policy_name = policy.name;
  out.policy_document = show_document(policy.document);
  return out;
}

template <class Op>
Result<aws::Empty> delete_policy_of(Core& core, const aws::Call& call, typename Op::Input in) {
  using In = typename Op::Input;
  LAPWING_CHECK(change(core, [&](store::Txn& txn) {
    return delete_inline_policy(txn, account_of(call), kind_of<In>(), name_in(in), in.policy_name);
  }));
  return aws::Empty();
}

template <class Op>
Result<typename Op::Output> list_policies_of(Core& core, const aws::Call& call,
                                             typename Op::Input in) {
  using In = typename Op::Input;
  using Out = typename Op::Output;
  LAPWING_TRY(const PageAsk ask,
              page_ask(std::string(Op::kName) + lower(name_in(in)), in.marker, in.max_items));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity owner,
                find_identity(reader, account_of(call), kind_of<In>(), name_in(in)));
    const std::string prefix = InlinePolicyTable::prefix(owner.account, owner.id);
    LAPWING_TRY(const auto page,
                page_records<InlinePolicyTable>(reader, ask, prefix,
                                                [](const InlinePolicy&) { return true; }));
    Out out;
    for (const InlinePolicy& policy : page.items) out.policy_names.push_back(policy.name);
    set_page(out, page);
    return out;
  });
}

}  // namespace lapwing::iam
