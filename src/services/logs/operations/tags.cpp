#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/operations.hpp"

namespace lapwing::logs {
namespace {

Result<std::string> group_of_arn(const Scope& scope, std::string_view arn) {
  if (!arn.starts_with("arn:"))
    return fail(invalid_parameter("The specified resource ARN is invalid."));
  auto name = name_in_arn(scope, arn);
  if (!name) return fail(resource_not_found());
  return *std::move(name);
}

Nothing add_tags(Core& core, const Scope& scope, const std::string& group, const Tags& tags,
                 const Error& too_many) {
  LAPWING_CHECK(check_tags(tags, too_many));
  LAPWING_CHECK(core.repository.change_group(scope, group, [&](Group& record) -> Status {
    resources::add_tags(record.tags, tags);
    return check_tags(record.tags, too_many);
  }));
  return {};
}

Nothing remove_tags(Core& core, const Scope& scope, const std::string& group,
                    const std::vector<std::string>& keys) {
  LAPWING_CHECK(core.repository.change_group(scope, group, [&](Group& record) -> Status {
    resources::remove_tags(record.tags, keys);
    return {};
  }));
  return {};
}

}  // namespace

Status check_tags(const Tags& tags, const Error& too_many) {
  const std::optional<resources::TagFault> fault = resources::check_tags(tags);
  if (!fault) return {};
  if (fault->problem == resources::TagProblem::kTooMany) return fail(too_many);
  if (fault->problem == resources::TagProblem::kKeyReserved)
    return fail(invalid_parameter("Tag keys beginning with aws: are reserved for system use."));
  return fail(invalid_parameter("The tag is invalid: " + resources::tag_rule(*fault)));
}

Nothing tag_resource(Core& core, const Call& call, const model::TagResourceRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const std::string group, group_of_arn(scope, in.resource_arn));
  return add_tags(core, scope, group, in.tags, too_many_tags(in.resource_arn));
}

Nothing untag_resource(Core& core, const Call& call, const model::UntagResourceRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const std::string group, group_of_arn(scope, in.resource_arn));
  return remove_tags(core, scope, group, in.tag_keys);
}

Result<model::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const Call& call, const model::ListTagsForResourceRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const std::string name, group_of_arn(scope, in.resource_arn));
  LAPWING_TRY(Group group, core.repository.group(scope, name));
  return model::ListTagsForResourceResponse{std::move(group.tags)};
}

Nothing tag_log_group(Core& core, const Call& call, const model::TagLogGroupRequest& in) {
  return add_tags(core, scope_of(call.caller), in.log_group_name, in.tags, too_many_tags());
}

Nothing untag_log_group(Core& core, const Call& call, const model::UntagLogGroupRequest& in) {
  return remove_tags(core, scope_of(call.caller), in.log_group_name, in.tags);
}

Result<model::ListTagsLogGroupResponse> list_tags_log_group(
    Core& core, const Call& call, const model::ListTagsLogGroupRequest& in) {
  LAPWING_TRY(Group group, core.repository.group(scope_of(call.caller), in.log_group_name));
  return model::ListTagsLogGroupResponse{std::move(group.tags)};
}

}  // namespace lapwing::logs
