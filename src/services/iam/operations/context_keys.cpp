#include "services/iam/operations/context_keys.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/iam/errors.hpp"
#include "policy/document.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/managed_policies.hpp"

namespace lapwing::iam {
namespace {

// In the order they are found, each once.
class Keys {
 public:
  Status add_document(std::string_view document) {
    const auto parsed = policy::parse(document, policy::Use::kIdentity);
    if (!parsed) return fail(gen::iam::errors::invalid_input(parsed.error().message));
    for (const policy::Statement& statement : parsed->statements) {
      for (const std::string& resource : statement.resources) add_variables(resource);
      for (const policy::Condition& condition : statement.conditions) {
        add(condition.key);
        for (const std::string& value : condition.values) add_variables(value);
      }
    }
    return {};
  }
  std::vector<std::string> take() { return std::move(keys_); }

 private:
  void add(std::string_view key) {
    const std::string name = lower(key);
    const auto same = [&](const std::string& each) { return lower(each) == name; };
    if (std::ranges::none_of(keys_, same)) keys_.emplace_back(key);
  }

  // "${aws:username}", "${aws:PrincipalTag/team, 'none'}"; "${*}" and the like stand for
  // characters.
  void add_variables(std::string_view text) {
    constexpr std::string_view kBegin = "${";
    for (std::size_t at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin)) {
      text.remove_prefix(at + kBegin.size());
      const std::string_view inner = text.substr(0, text.find('}'));
      const std::string_view key = inner.substr(0, inner.find(','));
      if (key.find(':') != std::string_view::npos) add(key);
    }
  }

  std::vector<std::string> keys_;
};

Result<std::string> default_document(store::Reader& reader, const std::string& account,
                                     const std::string& arn) {
  LAPWING_TRY(const PolicyName name, parse_policy_arn(arn));
  if (const AwsPolicy* policy = find_aws_policy(name.path, name.name);
      policy != nullptr && name.account != account) {
    return std::string(policy->document);
  }
  LAPWING_TRY(const CustomerPolicy policy, find_customer_policy(reader, account, arn));
  LAPWING_TRY(const auto version,
              PolicyVersions::find(
                  reader, PolicyVersionTable::key(account, policy.id, policy.default_version)));
  return version ? version->record.document : std::string("{}");
}

Status add_identity(store::Reader& reader, const Identity& identity, Keys& keys) {
  for (const std::string& arn : identity.attached) {
    LAPWING_TRY(const std::string document, default_document(reader, identity.account, arn));
    LAPWING_CHECK(keys.add_document(document));
  }
  LAPWING_TRY(const auto written, inline_policies_of(reader, identity.account, identity.id));
  for (const InlinePolicy& policy : written) LAPWING_CHECK(keys.add_document(policy.document));
  for (const std::string& id : identity.groups) {
    LAPWING_TRY(const auto group, find_identity_by_id(reader, identity.account, id));
    if (group) LAPWING_CHECK(add_identity(reader, *group, keys));
  }
  return {};
}

// The user, group or role that an ARN names.
Result<Identity> find_by_arn(store::Reader& reader, const std::string& account,
                             const std::string& text) {
  const auto arn = aws::Arn::parse(text);
  for (const Kind kind : {Kind::kUser, Kind::kGroup, Kind::kRole}) {
    if (!arn || arn->service != "iam" || arn->resource_type() != resource_type(kind)) continue;
    const std::string_view id = arn->resource_id();
    const std::string name = lower(id.substr(id.rfind('/') + 1));
    LAPWING_TRY(auto found, Identities::find(reader, kind_prefix(account, kind) + name));
    if (found && arn_of(found->record) == text) return std::move(found->record);
    return fail(gen::iam::errors::no_such_entity(
        fmt::format("ARN {} does not exist or is not attachable.", text)));
  }
  return fail(gen::iam::errors::invalid_input(fmt::format("Invalid Entity Arn: {}", text)));
}

gen::iam::GetContextKeysForPolicyResponse answer(Keys keys) {
  gen::iam::GetContextKeysForPolicyResponse out;
  out.context_key_names = keys.take();
  return out;
}

}  // namespace

Result<gen::iam::GetContextKeysForPolicyResponse> get_context_keys_for_custom_policy(
    Core&, const aws::Call&, const gen::iam::GetContextKeysForCustomPolicyRequest& in) {
  Keys keys;
  for (const std::string& document : in.policy_input_list) {
    LAPWING_CHECK(keys.add_document(document));
  }
  return answer(std::move(keys));
}

Result<gen::iam::GetContextKeysForPolicyResponse> get_context_keys_for_principal_policy(
    Core& core, const aws::Call& call,
    const gen::iam::GetContextKeysForPrincipalPolicyRequest& in) {
  using Out = gen::iam::GetContextKeysForPolicyResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    Keys keys;
    LAPWING_TRY(const Identity identity,
                find_by_arn(reader, account_of(call), in.policy_source_arn));
    LAPWING_CHECK(add_identity(reader, identity, keys));
    for (const std::string& document : in.policy_input_list.value_or(std::vector<std::string>())) {
      LAPWING_CHECK(keys.add_document(document));
    }
    return answer(std::move(keys));
  });
}

}  // namespace lapwing::iam
