#include "services/iam/documents.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/iam/errors.hpp"
#include "policy/document.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/lookup.hpp"
#include "text/percent.hpp"

namespace lapwing::iam {
namespace {

std::unexpected<Error> malformed(std::string message) {
  return fail(gen::iam::errors::malformed_policy_document(std::move(message)));
}

std::unexpected<Error> invalid_principal(std::string_view type, std::string_view name) {
  return malformed(fmt::format("Invalid principal in policy: \"{}\":\"{}\"", type, name));
}

// "AROA...", "AIDA...": what a document shows of those who were deleted.
bool looks_like_id(std::string_view name) {
  constexpr std::size_t kIdCharacters = 21;
  return name.size() == kIdCharacters && (name.starts_with("AROA") || name.starts_with("AIDA"));
}

// "sts:AssumeRole", whatever its case, or what ends in a star and begins like it.
bool means_assume_role(const std::string& action) {
  constexpr std::string_view kAssumeRole = "sts:assumerole";
  const std::string name = lower(action);
  if (!name.ends_with('*')) return name == kAssumeRole;
  return kAssumeRole.starts_with(std::string_view(name).substr(0, name.size() - 1));
}

// The user or role of this account that an ARN names; nothing if there is none.
Result<std::optional<Identity>> named(store::Reader& reader, std::string_view account,
                                      const aws::Arn& arn) {
  const Kind kind = arn.resource_type() == "user" ? Kind::kUser : Kind::kRole;
  const std::string_view id = arn.resource_id();
  const std::string name = lower(id.substr(id.rfind('/') + 1));
  LAPWING_TRY(auto found, Identities::find(reader, kind_prefix(account, kind) + name));
  if (!found || arn_of(found->record) != arn.str()) return std::optional<Identity>();
  return std::optional(std::move(found->record));
}

// Who an "AWS" principal is: its identity where it is one of this account.
Result<std::optional<Identity>> check_aws_principal(store::Reader& reader, std::string_view account,
                                                    const std::string& name) {
  if (name == "*" || aws::is_account_id(name)) return std::optional<Identity>();
  if (looks_like_id(name)) {
    LAPWING_TRY(auto found, find_identity_by_id(reader, account, name));
    if (!found) return invalid_principal("AWS", name);
    return found;
  }
  const auto arn = aws::Arn::parse(name);
  if (!arn || !aws::is_account_id(arn->account.view()) || !arn->region.empty()) {
    return invalid_principal("AWS", name);
  }
  const std::string_view type = arn->resource_type();
  if (arn->service == "iam" && (type == "user" || type == "role")) {
    if (arn->account.view() != account) return std::optional<Identity>();
    LAPWING_TRY(auto found, named(reader, account, *arn));
    if (!found) return invalid_principal("AWS", name);
    return found;
  }
  const bool known =
      (arn->service == "iam" && arn->resource == "root") ||
      (arn->service == "sts" && (type == "assumed-role" || type == "federated-user"));
  if (!known) return invalid_principal("AWS", name);
  return std::optional<Identity>();
}

}  // namespace

Status check_identity_document(std::string_view document) {
  const auto parsed = policy::parse(document, policy::Use::kIdentity);
  if (!parsed) return malformed(parsed.error().message);
  return {};
}

Status check_managed_size(std::string_view document) {
  if (policy::counted_size(document) <= kManagedPolicySizeMax) return {};
  return fail(errors::quota("PolicySize", kManagedPolicySizeMax));
}

Result<std::vector<Pin>> check_trust_document(store::Reader& reader, std::string_view account,
                                              std::string_view document) {
  const auto parsed = policy::parse(document, policy::Use::kTrust);
  if (!parsed) return malformed(parsed.error().message);
  if (policy::counted_size(document) > kTrustPolicySizeMax) {
    return fail(errors::quota("ACLSizePerRole", kTrustPolicySizeMax));
  }
  std::vector<Pin> pins;
  for (const policy::Statement& statement : parsed->statements) {
    for (const policy::Principal& principal : statement.principals) {
      if (principal.type == "Service" && principal.name.find('.') == std::string::npos) {
        return invalid_principal("SERVICE", principal.name);
      }
      if (principal.type == "Federated" &&
          principal.name.starts_with(arn_of(account, "oidc-provider", "/", "")) &&
          !find_oidc_provider(reader, account, principal.name)) {
        return invalid_principal("FEDERATED", principal.name);
      }
      if (principal.type == "Federated" &&
          principal.name.starts_with(arn_of(account, "saml-provider", "/", "")) &&
          !find_saml_provider(reader, account, principal.name)) {
        return invalid_principal("FEDERATED", principal.name);
      }
      if (principal.type != "AWS") continue;
      LAPWING_TRY(const auto who, check_aws_principal(reader, account, principal.name));
      if (who && principal.size != 0) pins.push_back({principal.offset, principal.size, who->id});
    }
  }
  return pins;
}

std::vector<std::string> trusted_services(std::string_view trust) {
  std::vector<std::string> out;
  const auto parsed = policy::parse(trust, policy::Use::kTrust);
  if (!parsed) return out;
  for (const policy::Statement& statement : parsed->statements) {
    if (statement.effect != policy::Effect::kAllow ||
        std::ranges::any_of(statement.actions, means_assume_role) == statement.not_action) {
      continue;
    }
    if (statement.everyone) out.emplace_back("*");
    for (const policy::Principal& principal : statement.principals) {
      if (principal.type == "Service") out.push_back(principal.name);
    }
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::string show_document(std::string_view document) { return text::uri_encode(document); }

Result<std::string> show_trust(store::Reader& reader, const Identity& role) {
  std::string document = role.trust;
  std::vector<Pin> pins = role.pins;
  // From the end, so that what is before stays where it is.
  std::ranges::sort(pins, std::ranges::greater(), &Pin::offset);
  for (const Pin& pin : pins) {
    LAPWING_TRY(const auto who, find_identity_by_id(reader, role.account, pin.id));
    document.replace(pin.offset, pin.size, who ? arn_of(*who) : pin.id);
  }
  return show_document(document);
}

}  // namespace lapwing::iam
