#include "services/iam/operations/login_profiles.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/passwords.hpp"
#include "services/iam/sealing.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {
namespace {

Error no_profile(std::string_view user) {
  return gen::iam::errors::no_such_entity(
      fmt::format("Login Profile for User {} cannot be found.", user));
}

Result<LoginProfile> find_profile_of(store::Reader& reader, const Identity& user) {
  LAPWING_TRY(auto found, LoginProfiles::find(reader, account_key(user.account, user.id)));
  if (!found) return fail(no_profile(user.name));
  return std::move(found->record);
}

gen::iam::LoginProfile show_profile(const LoginProfile& profile, const Identity& user) {
  return {.create_date = wall_from_unix_ms(profile.created_ms),
          .password_reset_required = profile.reset_required,
          .user_name = user.name};
}

// Checks a new password and puts it in front of the old ones.
Status set_password(Core& core, store::Reader& reader, const Identity& user,
                    std::string_view password, LoginProfile& profile) {
  LAPWING_TRY(const Account account, find_account(reader, user.account));
  LAPWING_CHECK(check_password(account, user.name, password));
  std::string mark = core.sealer.mark(password, user.id);
  if (!account.password_policy.empty()) {
    const auto remembered =
        static_cast<std::size_t>(account.password_policy.front().reuse_prevention);
    const auto end = profile.marks.begin() +
                     static_cast<std::ptrdiff_t>(std::min(remembered, profile.marks.size()));
    if (std::find(profile.marks.begin(), end, mark) != end) {
      return fail(gen::iam::errors::password_policy_violation(
          "Password does not conform to the account password policy."));
    }
  }
  profile.marks.insert(profile.marks.begin(), std::move(mark));
  if (profile.marks.size() > kPasswordsRemembered) profile.marks.resize(kPasswordsRemembered);
  profile.changed_ms = core.now_ms();
  return {};
}

Result<Identity> find_user(store::Reader& reader, const aws::Call& call, std::string_view name) {
  return find_identity(reader, account_of(call), Kind::kUser, name);
}

}  // namespace

Result<gen::iam::CreateLoginProfileResponse> create_login_profile(
    Core& core, const aws::Call& call, const gen::iam::CreateLoginProfileRequest& in) {
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  if (!in.password) return fail(errors::validation("Must specify password."));
  using Out = gen::iam::CreateLoginProfileResponse;
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_user(txn, call, name));
    LoginProfile profile;
    profile.account = user.account;
    profile.user = user.id;
    profile.reset_required = in.password_reset_required.value_or(false);
    profile.created_ms = core.now_ms();
    LAPWING_TRY(const auto found, LoginProfiles::find(txn, LoginProfileTable::key(profile)));
    if (found) return fail(errors::exists("Login Profile for user", user.name));
    LAPWING_CHECK(set_password(core, txn, user, *in.password, profile));
    LAPWING_CHECK(LoginProfiles::insert(txn, profile));
    return Out{.login_profile = show_profile(profile, user)};
  });
}

Result<gen::iam::GetLoginProfileResponse> get_login_profile(
    Core& core, const aws::Call& call, const gen::iam::GetLoginProfileRequest& in) {
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  using Out = gen::iam::GetLoginProfileResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_user(reader, call, name));
    LAPWING_TRY(const LoginProfile profile, find_profile_of(reader, user));
    return Out{.login_profile = show_profile(profile, user)};
  });
}

Result<aws::Empty> update_login_profile(Core& core, const aws::Call& call,
                                        const gen::iam::UpdateLoginProfileRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user, find_user(txn, call, in.user_name));
    LAPWING_TRY(LoginProfile profile, find_profile_of(txn, user));
    if (in.password) LAPWING_CHECK(set_password(core, txn, user, *in.password, profile));
    if (in.password_reset_required) profile.reset_required = *in.password_reset_required;
    LAPWING_CHECK(LoginProfiles::put(txn, profile));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_login_profile(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteLoginProfileRequest& in) {
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user, find_user(txn, call, name));
    LAPWING_TRY(const LoginProfile profile, find_profile_of(txn, user));
    return LoginProfiles::erase(txn, LoginProfileTable::key(profile));
  }));
  return aws::Empty();
}

Result<aws::Empty> change_password(Core& core, const aws::Call& call,
                                   const gen::iam::ChangePasswordRequest& in) {
  const auto arn = aws::Arn::parse(call.caller.principal_arn);
  if (!arn || arn->service != "iam" || arn->resource_type() != "user") {
    return fail(
        gen::iam::errors::invalid_user_type("Only IAM Users can change their own password."));
  }
  LAPWING_TRY(const std::string name, user_or_caller(call, std::nullopt));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user, find_user(txn, call, name));
    LAPWING_TRY(LoginProfile profile, find_profile_of(txn, user));
    if (profile.marks.empty() ||
        profile.marks.front() != core.sealer.mark(in.old_password, user.id)) {
      return fail(Error(ErrorKind::kDenied, "AccessDenied", "The old password was incorrect.")
                      .with_status(403));
    }
    LAPWING_CHECK(set_password(core, txn, user, in.new_password, profile));
    profile.reset_required = false;
    LAPWING_CHECK(LoginProfiles::put(txn, profile));
    return {};
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
