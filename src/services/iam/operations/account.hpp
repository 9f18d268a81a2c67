#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/create_account_alias.hpp"
#include "gen/iam/delete_account_alias.hpp"
#include "gen/iam/delete_account_password_policy.hpp"
#include "gen/iam/get_account_authorization_details.hpp"
#include "gen/iam/get_account_password_policy.hpp"
#include "gen/iam/get_account_summary.hpp"
#include "gen/iam/list_account_aliases.hpp"
#include "gen/iam/set_security_token_service_preferences.hpp"
#include "gen/iam/update_account_password_policy.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::GetAccountSummaryResponse> get_account_summary(Core& core, const aws::Call& call,
                                                                const aws::Empty& in);
Result<gen::iam::ListAccountAliasesResponse> list_account_aliases(
    Core& core, const aws::Call& call, const gen::iam::ListAccountAliasesRequest& in);
// An account has one at most; a second replaces it.
Result<aws::Empty> create_account_alias(Core& core, const aws::Call& call,
                                        const gen::iam::CreateAccountAliasRequest& in);
Result<aws::Empty> delete_account_alias(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteAccountAliasRequest& in);

Result<gen::iam::GetAccountPasswordPolicyResponse> get_account_password_policy(
    Core& core, const aws::Call& call, const aws::Empty& in);
Result<aws::Empty> update_account_password_policy(
    Core& core, const aws::Call& call, const gen::iam::UpdateAccountPasswordPolicyRequest& in);
Result<aws::Empty> delete_account_password_policy(Core& core, const aws::Call& call,
                                                  const aws::Empty& in);

// Said by GetAccountSummary; sessions are good in every region here, whatever it is.
Result<aws::Empty> set_token_preferences(
    Core& core, const aws::Call& call,
    const gen::iam::SetSecurityTokenServicePreferencesRequest& in);

// Users, groups, roles and policies with all that is in them, page by page in this order.
Result<gen::iam::GetAccountAuthorizationDetailsResponse> get_account_authorization_details(
    Core& core, const aws::Call& call, const gen::iam::GetAccountAuthorizationDetailsRequest& in);

}  // namespace lapwing::iam
