#include "services/iam/names.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <span>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "resources/unique_id.hpp"
#include "services/iam/errors.hpp"

namespace lapwing::iam {
namespace {

constexpr std::size_t kIdCharacters = 21;
constexpr std::size_t kAccessKeyIdCharacters = 20;
constexpr std::size_t kSecretCharacters = 40;

bool is_name_character(unsigned char c) {
  constexpr std::string_view kSigns = "_+=,.@-";
  return c < 0x80 && (std::isalnum(c) != 0 || kSigns.find(static_cast<char>(c)) != kSigns.npos);
}

bool is_framed(std::string_view path) {
  return path == "/" || (path.size() > 2 && path.front() == '/' && path.back() == '/');
}

std::unexpected<Error> invalid_path() {
  return fail(
      errors::validation("The specified value for path is invalid. It must begin and end with / "
                         "and contain only alphanumeric characters and/or / characters."));
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string_view resource_type(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "user";
    case Kind::kGroup:
      return "group";
    case Kind::kRole:
      break;
  }
  return "role";
}

std::string_view title(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "User";
    case Kind::kGroup:
      return "Group";
    case Kind::kRole:
      break;
  }
  return "Role";
}

std::string arn_of(std::string_view account, std::string_view type, std::string_view path,
                   std::string_view name) {
  return fmt::format("arn:aws:iam::{}:{}{}{}", account, type, path, name);
}

std::string arn_of(const Identity& identity) {
  return arn_of(identity.account, resource_type(identity.kind), identity.path, identity.name);
}

std::string arn_of(const CustomerPolicy& policy) {
  return arn_of(policy.account, "policy", policy.path, policy.name);
}

std::string arn_of(const InstanceProfile& profile) {
  return arn_of(profile.account, "instance-profile", profile.path, profile.name);
}

std::string arn_of(const OidcProvider& provider) {
  return arn_of(provider.account, "oidc-provider", "/", provider.host);
}

std::string arn_of(const SamlProvider& provider) {
  return arn_of(provider.account, "saml-provider", "/", provider.name);
}

std::string new_id(Random& random, Kind kind) {
  const std::string_view prefix = kind == Kind::kUser    ? "AIDA"
                                  : kind == Kind::kGroup ? "AGPA"
                                                         : "AROA";
  return resources::unique_id(random, prefix, kIdCharacters);
}

std::string new_policy_id(Random& random) {
  return resources::unique_id(random, "ANPA", kIdCharacters);
}

std::string new_instance_profile_id(Random& random) {
  return resources::unique_id(random, "AIPA", kIdCharacters);
}

std::string new_access_key_id(Random& random) {
  return resources::unique_id(random, "AKIA", kAccessKeyIdCharacters);
}

std::string new_secret_access_key(Random& random) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out(kSecretCharacters, '\0');
  random.fill(std::as_writable_bytes(std::span(out.data(), out.size())));
  for (char& c : out) c = kDigits[static_cast<unsigned char>(c) % kDigits.size()];
  return out;
}

Status check_name(std::string_view field, std::string_view name) {
  if (std::ranges::all_of(name, is_name_character)) return {};
  return fail(errors::validation(
      fmt::format("The specified value for {} is invalid. It must contain only alphanumeric "
                  "characters and/or the following: +=,.@_-",
                  field)));
}

Status check_path(std::string_view path) {
  const auto printable = [](unsigned char c) { return c > ' ' && c < 0x7F; };
  if (is_framed(path) && std::ranges::all_of(path, printable)) return {};
  return invalid_path();
}

Status check_policy_path(std::string_view path) {
  const auto allowed = [](unsigned char c) { return c == '/' || is_name_character(c); };
  const bool empty_part = path.find("//") != std::string_view::npos;
  if (is_framed(path) && !empty_part && std::ranges::all_of(path, allowed)) return {};
  return invalid_path();
}

std::string version_name(std::int64_t number) { return fmt::format("v{}", number); }

std::optional<std::int64_t> version_number(std::string_view name) {
  if (name.size() < 2 || name[0] != 'v' || name[1] == '0') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number < 1) return std::nullopt;
  return number;
}

Result<PolicyName> parse_policy_arn(std::string_view text) {
  const auto arn = aws::Arn::parse(text);
  if (!arn) return fail(errors::validation("Invalid ARN:  Could not be parsed!"));
  constexpr std::string_view kType = "policy/";
  if (arn->service != "iam" || !arn->region.empty() || arn->account.empty() ||
      !std::string_view(arn->resource).starts_with(kType) || arn->resource.ends_with('/')) {
    return fail(errors::validation(fmt::format("ARN {} is not valid.", text)));
  }
  const std::size_t slash = arn->resource.rfind('/');
  return PolicyName{arn->account.str(),
                    arn->resource.substr(kType.size() - 1, slash + 2 - kType.size()),
                    arn->resource.substr(slash + 1)};
}

}  // namespace lapwing::iam
