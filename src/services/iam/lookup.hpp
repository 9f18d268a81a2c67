// Finding what a request names; what is not there is an error in IAM's words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/call.hpp"
#include "base/result.hpp"
#include "services/iam/core.hpp"
#include "services/iam/tables.hpp"

namespace lapwing::iam {

Result<Identity> find_identity(store::Reader& reader, std::string_view account, Kind kind,
                               std::string_view name);
// Nothing where it was deleted.
Result<std::optional<Identity>> find_identity_by_id(store::Reader& reader, std::string_view account,
                                                    std::string_view id);
// A role that may be changed: AWS keeps those of its services to itself.
Result<Identity> find_own_role(store::Reader& reader, std::string_view account,
                               std::string_view name);
bool is_service_linked(const Identity& role);

// All with this term, in no order that matters.
Result<std::vector<Identity>> identities_with(store::Reader& reader, std::string_view index,
                                              std::string_view account, std::string_view term);
Result<std::vector<InstanceProfile>> profiles_of(store::Reader& reader, std::string_view account,
                                                 std::string_view role_id);
Result<std::vector<AccessKey>> access_keys_of(store::Reader& reader, std::string_view account,
                                              std::string_view user_id);
Result<std::vector<InlinePolicy>> inline_policies_of(store::Reader& reader,
                                                     std::string_view account,
                                                     std::string_view owner_id);
Result<InstanceProfile> find_profile(store::Reader& reader, std::string_view account,
                                     std::string_view name);

// By its ARN.
Result<OidcProvider> find_oidc_provider(store::Reader& reader, std::string_view account,
                                        std::string_view arn);

Result<SamlProvider> find_saml_provider(store::Reader& reader, std::string_view account,
                                        std::string_view arn);

Result<Account> find_account(store::Reader& reader, std::string_view account);
// Counts one more, or fewer, of what the account has; LimitExceeded beyond `limit`.
Status count(store::Txn& txn, std::string_view account, std::string_view what, std::int64_t by,
             std::int64_t limit);

// The name given, or the user who calls; ValidationError where that is no user.
Result<std::string> user_or_caller(const aws::Call& call, const std::optional<std::string>& name);

}  // namespace lapwing::iam
