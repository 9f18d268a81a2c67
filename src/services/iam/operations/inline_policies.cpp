#include "services/iam/operations/inline_policies.hpp"

#include "policy/document.hpp"
#include "services/iam/limits.hpp"

namespace lapwing::iam {
namespace {

std::size_t size_limit(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return kUserPoliciesSizeMax;
    case Kind::kGroup:
      return kGroupPoliciesSizeMax;
    case Kind::kRole:
      break;
  }
  return kRolePoliciesSizeMax;
}

Result<Identity> find_own(store::Reader& reader, std::string_view account, Kind kind,
                          std::string_view name) {
  return kind == Kind::kRole ? find_own_role(reader, account, name)
                             : find_identity(reader, account, kind, name);
}

}  // namespace

Status put_inline_policy(store::Txn& txn, std::string_view account, Kind kind,
                         std::string_view owner, std::string name, std::string document) {
  LAPWING_TRY(const Identity identity, find_own(txn, account, kind, owner));
  LAPWING_CHECK(check_identity_document(document));
  LAPWING_TRY(const auto others, inline_policies_of(txn, account, identity.id));
  std::size_t size = policy::counted_size(document);
  for (const InlinePolicy& other : others) {
    if (other.name != name) size += policy::counted_size(other.document);
  }
  if (size > size_limit(kind)) {
    return fail(errors::inline_size(kind, identity.name, size_limit(kind)));
  }
  LAPWING_CHECK(InlinePolicies::put(
      txn, {identity.account, identity.id, std::move(name), std::move(document)}));
  return {};
}

Result<InlinePolicy> find_inline_policy(store::Reader& reader, std::string_view account, Kind kind,
                                        std::string_view owner, std::string_view name) {
  LAPWING_TRY(const Identity identity, find_identity(reader, account, kind, owner));
  LAPWING_TRY(auto found,
              InlinePolicies::find(
                  reader, InlinePolicyTable::prefix(account, identity.id) + std::string(name)));
  if (!found) return fail(errors::no_inline_policy(kind, name));
  return std::move(found->record);
}

Status delete_inline_policy(store::Txn& txn, std::string_view account, Kind kind,
                            std::string_view owner, std::string_view name) {
  LAPWING_CHECK(find_own(txn, account, kind, owner));
  LAPWING_TRY(const InlinePolicy policy, find_inline_policy(txn, account, kind, owner, name));
  return InlinePolicies::erase(txn, InlinePolicyTable::key(policy));
}

}  // namespace lapwing::iam
