// What deploy tools ask about users and accounts that nobody can have here yet: passwords, MFA
// devices, certificates, keys of other kinds, SAML providers. Answered as for one that has
// none; making one is refused by name.
#pragma once

#include <string>

#include "aws/call.hpp"
#include "base/result.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/core.hpp"
#include "services/iam/lookup.hpp"

namespace lapwing::iam {

template <class Op>
Result<typename Op::Output> no_login_profile(Core& core, const aws::Call& call,
                                             typename Op::Input in) {
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_CHECK(read<Identity>(core, [&](store::Reader& reader) {
    return find_identity(reader, account_of(call), Kind::kUser, name);
  }));
  return fail(
      gen::iam::errors::no_such_entity("Login Profile for User " + name + " cannot be found."));
}

// The lists in an answer, which IAM writes when they are empty, too.
template <class Out>
Out empty_lists() {
  Out out;
  if constexpr (requires { out.is_truncated; }) out.is_truncated = false;
  if constexpr (requires { out.ssh_public_keys.emplace(); }) out.ssh_public_keys.emplace();
  if constexpr (requires { out.service_specific_credentials.emplace(); }) {
    out.service_specific_credentials.emplace();
  }
  if constexpr (requires { out.saml_provider_list.emplace(); }) out.saml_provider_list.emplace();
  return out;
}

// Lists of what a user has; the user must be there, where one is named.
template <class Op>
Result<typename Op::Output> none_of_user(Core& core, const aws::Call& call, typename Op::Input in) {
  if (in.user_name) {
    LAPWING_CHECK(read<Identity>(core, [&](store::Reader& reader) {
      return find_identity(reader, account_of(call), Kind::kUser, *in.user_name);
    }));
  }
  return empty_lists<typename Op::Output>();
}

template <class Op>
Result<typename Op::Output> none(Core&, const aws::Call&, typename Op::Input) {
  return empty_lists<typename Op::Output>();
}

}  // namespace lapwing::iam
