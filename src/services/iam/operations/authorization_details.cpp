#include <algorithm>

#include "gen/iam/enums.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/managed_policies.hpp"
#include "services/iam/operations/account.hpp"
#include "services/iam/operations/attachments.hpp"
#include "services/iam/operations/policies.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/show.hpp"
#include "services/iam/tags.hpp"

namespace lapwing::iam {
namespace {

using Details = gen::iam::GetAccountAuthorizationDetailsResponse;
using gen::iam::EntityType;

// In the order of the answer; a marker begins with the place in it.
constexpr std::array<std::string_view, 5> kSections = {
    EntityType::kUser, EntityType::kGroup, EntityType::kRole, EntityType::kLocalManagedPolicy,
    EntityType::kAWSManagedPolicy};

Result<std::vector<gen::iam::PolicyDetail>> show_inline(store::Reader& reader,
                                                        const Identity& identity) {
  LAPWING_TRY(const auto policies, inline_policies_of(reader, identity.account, identity.id));
  std::vector<gen::iam::PolicyDetail> out;
  for (const InlinePolicy& policy : policies) {
    out.push_back({.policy_document = show_document(policy.document), .policy_name = policy.name});
  }
  return out;
}

Result<gen::iam::UserDetail> user_detail(store::Reader& reader, const Identity& user) {
  gen::iam::UserDetail out;
  out.arn = arn_of(user);
  out.attached_managed_policies = show_attached(user);
  out.create_date = wall_from_unix_ms(user.created_ms);
  out.group_list.emplace();
  for (const std::string& id : user.groups) {
    LAPWING_TRY(const auto group, find_identity_by_id(reader, user.account, id));
    if (group) out.group_list->push_back(group->name);
  }
  out.path = user.path;
  out.permissions_boundary = show_boundary(user);
  out.tags = show_tags(user.tags);
  out.user_id = user.id;
  out.user_name = user.name;
  LAPWING_TRY(auto written, show_inline(reader, user));
  if (!written.empty()) out.user_policy_list = std::move(written);
  return out;
}

Result<gen::iam::GroupDetail> group_detail(store::Reader& reader, const Identity& group) {
  gen::iam::GroupDetail out;
  out.arn = arn_of(group);
  out.attached_managed_policies = show_attached(group);
  out.create_date = wall_from_unix_ms(group.created_ms);
  out.group_id = group.id;
  out.group_name = group.name;
  out.path = group.path;
  LAPWING_TRY(out.group_policy_list, show_inline(reader, group));
  return out;
}

Result<gen::iam::RoleDetail> role_detail(store::Reader& reader, const Identity& role) {
  gen::iam::RoleDetail out;
  out.arn = arn_of(role);
  LAPWING_TRY(out.assume_role_policy_document, show_trust(reader, role));
  out.attached_managed_policies = show_attached(role);
  out.create_date = wall_from_unix_ms(role.created_ms);
  out.instance_profile_list.emplace();
  LAPWING_TRY(const auto profiles, profiles_of(reader, role.account, role.id));
  for (const InstanceProfile& profile : profiles) {
    LAPWING_TRY(auto shown, show_profile(reader, profile, Detail::kListed));
    out.instance_profile_list->push_back(std::move(shown));
  }
  out.path = role.path;
  out.permissions_boundary = show_boundary(role);
  out.role_id = role.id;
  out.role_last_used.emplace();
  out.role_name = role.name;
  LAPWING_TRY(out.role_policy_list, show_inline(reader, role));
  out.tags = show_tags(role.tags);
  return out;
}

gen::iam::ManagedPolicyDetail detail_of(gen::iam::Policy policy) {
  gen::iam::ManagedPolicyDetail out;
  out.arn = std::move(policy.arn);
  out.attachment_count = policy.attachment_count;
  out.create_date = policy.create_date;
  out.default_version_id = std::move(policy.default_version_id);
  out.is_attachable = policy.is_attachable;
  out.path = std::move(policy.path);
  out.permissions_boundary_usage_count = policy.permissions_boundary_usage_count;
  out.policy_id = std::move(policy.policy_id);
  out.policy_name = std::move(policy.policy_name);
  out.update_date = policy.update_date;
  out.policy_version_list.emplace();
  return out;
}

Result<gen::iam::ManagedPolicyDetail> policy_detail(store::Reader& reader,
                                                    const CustomerPolicy& policy) {
  LAPWING_TRY(auto shown, show_policy(reader, policy));
  auto out = detail_of(std::move(shown));
  if (!policy.description.empty()) out.description = policy.description;
  LAPWING_TRY(const auto versions, versions_of(reader, policy));
  for (const PolicyVersion& version : versions) {
    out.policy_version_list->push_back(
        {.create_date = wall_from_unix_ms(version.created_ms),
         .document = show_document(version.document),
         .is_default_version = version.number == policy.default_version,
         .version_id = version_name(version.number)});
  }
  return out;
}

// Fills an answer section by section, until its page is full.
class Filler {
 public:
  Filler(store::Reader& reader, const std::string& account, const PageAsk& ask, Details& out)
      : reader_(reader), account_(account), ask_(ask), out_(out), left_(ask.limit) {
    out.user_detail_list.emplace();
    out.group_detail_list.emplace();
    out.role_detail_list.emplace();
    out.policies.emplace();
    out.is_truncated = false;
  }

  // Whether there is room for the next section.
  Result<bool> section(std::size_t number, const std::string& after) {
    switch (number) {
      case 0:
        return identities(number, after, Kind::kUser, *out_.user_detail_list, user_detail);
      case 1:
        return identities(number, after, Kind::kGroup, *out_.group_detail_list, group_detail);
      case 2:
        return identities(number, after, Kind::kRole, *out_.role_detail_list, role_detail);
      case 3:
        return records<CustomerPolicyTable>(number, after, account_key(account_, ""),
                                            *out_.policies, policy_detail);
      default:
        return aws_section(number, after);
    }
  }

 private:
  template <class Details, class Make>
  Result<bool> identities(std::size_t number, const std::string& after, Kind kind, Details& details,
                          Make make) {
    return records<IdentityTable>(number, after, kind_prefix(account_, kind), details, make);
  }

  template <class Spec, class Details, class Make>
  Result<bool> records(std::size_t number, const std::string& after, const std::string& prefix,
                       Details& details, Make make) {
    const PageAsk part{ask_.list, left_, after};
    LAPWING_TRY(const auto page,
                page_records<Spec>(reader_, part, prefix, [](const auto&) { return true; }));
    for (const auto& record : page.items) {
      LAPWING_TRY(auto detail, make(reader_, record));
      details.push_back(std::move(detail));
    }
    left_ -= page.items.size();
    if (!page.next) return true;
    const std::string last =
        page.items.empty() ? after : Spec::key(page.items.back()).substr(prefix.size());
    end(number, last);
    return false;
  }

  // Those of AWS's policies that the account uses.
  Result<bool> aws_section(std::size_t number, const std::string& after) {
    std::string last = after;
    for (const AwsPolicy& policy : aws_policies()) {
      if (!after.empty() && policy.name <= after) continue;
      LAPWING_TRY(auto shown, show_policy(reader_, account_, policy));
      if (*shown.attachment_count == 0 && *shown.permissions_boundary_usage_count == 0) continue;
      if (left_ == 0) {
        end(number, last);
        return false;
      }
      auto detail = detail_of(std::move(shown));
      detail.policy_version_list->push_back({.create_date = detail.update_date,
                                             .document = show_document(policy.document),
                                             .is_default_version = true,
                                             .version_id = detail.default_version_id});
      out_.policies->push_back(std::move(detail));
      last = policy.name;
      --left_;
    }
    return true;
  }

  void end(std::size_t number, const std::string& last) {
    out_.is_truncated = true;
    out_.marker = resources::token_after(ask_, std::to_string(number) + last);
  }

  store::Reader& reader_;
  const std::string& account_;
  const PageAsk& ask_;
  Details& out_;
  std::size_t left_;
};

}  // namespace

Result<Details> get_account_authorization_details(
    Core& core, const aws::Call& call, const gen::iam::GetAccountAuthorizationDetailsRequest& in) {
  const auto wanted = in.filter.value_or(std::vector<std::string>());
  std::string list = "GetAccountAuthorizationDetails";
  for (const std::string& each : wanted) list += each;
  LAPWING_TRY(const PageAsk ask, page_ask(std::move(list), in.marker, in.max_items));
  const std::size_t begin = ask.after.empty() ? 0 : static_cast<std::size_t>(ask.after[0] - '0');
  if (begin >= kSections.size()) return fail(errors::validation("Invalid Marker."));
  return read<Details>(core, [&](store::Reader& reader) -> Result<Details> {
    Details out;
    Filler filler(reader, account_of(call), ask, out);
    for (std::size_t number = begin; number < kSections.size(); ++number) {
      const bool skipped =
          !wanted.empty() && std::ranges::find(wanted, kSections[number]) == wanted.end();
      if (skipped) continue;
      const std::string after =
          number == begin && !ask.after.empty() ? ask.after.substr(1) : std::string();
      LAPWING_TRY(const bool more, filler.section(number, after));
      if (!more) break;
    }
    return out;
  });
}

}  // namespace lapwing::iam
