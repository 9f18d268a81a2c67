#include "services/sts/operations/sessions.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/sts/limits.hpp"

namespace lapwing::sts {
namespace {

constexpr std::string_view kRole = "role/";

std::unexpected<Error> invalid(std::string message) {
  return fail(Error(ErrorKind::kInvalid, "ValidationError", std::move(message)).with_status(400));
}

std::unexpected<Error> denied(std::string message) {
  return fail(Error(ErrorKind::kDenied, "AccessDenied", std::move(message)).with_status(403));
}

bool is_session(const aws::Caller& caller) { return caller.access_key_id.starts_with("ASIA"); }

bool is_root(const aws::Caller& caller) { return caller.principal_arn.ends_with(":root"); }

bool acts_under_a_role(const aws::Caller& caller) {
  const auto arn = aws::Arn::parse(caller.principal_arn);
  return is_session(caller) && arn && arn->service == "sts" &&
         arn->resource_type() == "assumed-role";
}

// Whole seconds, as STS tells it.
gen::sts::Credentials make_credentials(const Core& core, const aws::Principal& principal,
                                       std::int32_t seconds) {
  const std::int64_t now_s = unix_ms(core.real_clock.wall()) / 1000;
  const WallTime end = wall_from_unix_ms((now_s + seconds) * 1000);
  const aws::Credentials made = core.sessions().mint(principal, end);
  return {.access_key_id = made.access_key_id,
          .expiration = end,
          .secret_access_key = made.secret_access_key,
          .session_token = made.session_token};
}

Result<aws::Arn> parse_role(const std::string& text) {
  const auto arn = aws::Arn::parse(text);
  const bool role = arn && arn->service == "iam" && arn->region.empty() &&
                    aws::is_account_id(arn->account.view()) && arn->resource.starts_with(kRole) &&
                    arn->resource.size() > kRole.size() && !arn->resource.ends_with('/');
  if (!role) return invalid(fmt::format("{} is invalid", text));
  return *arn;
}

Status check_length(const aws::Caller& caller, const ports::Role& role, std::int32_t seconds) {
  if (acts_under_a_role(caller) && seconds > kChainedSecondsMax) {
    return invalid(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
        "chaining");
  }
  if (role.known && seconds > role.max_session_s) {
    return invalid(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  return {};
}

}  // namespace

Result<gen::sts::AssumeRoleResponse> assume_role(Core& core, const aws::Call& call,
                                                 const gen::sts::AssumeRoleRequest& in) {
  LAPWING_TRY(const aws::Arn arn, parse_role(in.role_arn));
  LAPWING_TRY(const ports::Role role, core.roles().find(in.role_arn));
  // Who a role trusts is not evaluated yet: where signatures count, no account enters another.
  const bool foreign = call.caller.authenticated && arn.account != call.caller.account;
  if (foreign || (!role.known && core.roles().known_only())) {
    return denied(
        fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                    call.caller.principal_arn, in.role_arn));
  }
  const std::int32_t seconds = in.duration_seconds.value_or(kAssumedSecondsDefault);
  LAPWING_CHECK(check_length(call.caller, role, seconds));
  aws::Principal principal =
      ports::role_session(role, in.role_arn, arn.account, in.role_session_name);
  gen::sts::AssumeRoleResponse out;
  out.credentials = make_credentials(core, principal, seconds);
  out.assumed_role_user = gen::sts::AssumedRoleUser{
      .arn = std::move(principal.arn), .assumed_role_id = std::move(principal.user_id)};
  return out;
}

Result<gen::sts::GetSessionTokenResponse> get_session_token(
    Core& core, const aws::Call& call, const gen::sts::GetSessionTokenRequest& in) {
  const aws::Caller& caller = call.caller;
  if (is_session(caller)) return denied("Cannot call GetSessionToken with session credentials");
  std::int32_t seconds = in.duration_seconds.value_or(kSessionSecondsDefault);
  if (is_root(caller)) seconds = std::min(seconds, kRootSecondsMax);
  gen::sts::GetSessionTokenResponse out;
  out.credentials = make_credentials(
      core, {caller.account, caller.principal_arn, caller.user_id, caller.identity}, seconds);
  return out;
}

Result<gen::sts::GetFederationTokenResponse> get_federation_token(
    Core& core, const aws::Call& call, const gen::sts::GetFederationTokenRequest& in) {
  const aws::Caller& caller = call.caller;
  if (is_session(caller)) return denied("Cannot call GetFederationToken with session credentials");
  std::int32_t seconds = in.duration_seconds.value_or(kSessionSecondsDefault);
  if (is_root(caller)) seconds = std::min(seconds, kRootSecondsMax);
  aws::Principal principal;
  principal.account = caller.account;
  principal.arn = aws::make_arn("sts", Region(), caller.account, "federated-user/" + in.name);
  principal.user_id = fmt::format("{}:{}", caller.account.view(), in.name);
  principal.identity = caller.identity;
  gen::sts::GetFederationTokenResponse out;
  out.credentials = make_credentials(core, principal, seconds);
  out.federated_user = gen::sts::FederatedUser{.arn = std::move(principal.arn),
                                               .federated_user_id = std::move(principal.user_id)};
  out.packed_policy_size = 0;
  return out;
}

}  // namespace lapwing::sts
