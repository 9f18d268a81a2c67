#include "services/sns/operations/settings.hpp"

#include <utility>

#include "gen/sns/errors.hpp"
#include "services/sns/policy.hpp"
#include "services/sns/tagging.hpp"
#include "services/sns/topic_change.hpp"

namespace lapwing::sns {
namespace {

// Tags are of resources, whose absence has a name of its own.
Result<TopicPtr> tagged(Core& core, const aws::Call& call, std::string_view arn) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, arn, "ResourceArn"));
  TopicPtr topic = core.catalog().find(address);
  if (topic == nullptr) {
    return fail(gen::sns::errors::resource_not_found("Resource does not exist"));
  }
  return topic;
}

}  // namespace

Result<aws::Empty> add_permission(Core& core, const aws::Call& call,
                                  const gen::sns::AddPermissionInput& in) {
  LAPWING_CHECK(change_topic(core, call, in.topic_arn, [&](Topic& topic) -> Status {
    LAPWING_TRY(topic.attributes["Policy"],
                with_statement(topic, {in.label, in.aws_account_id, in.action_name}));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gen::sns::RemovePermissionInput& in) {
  LAPWING_CHECK(change_topic(core, call, in.topic_arn, [&](Topic& topic) -> Status {
    // One without statements left is the default again.
    std::string left = without_statement(topic, in.label);
    if (left.empty() || left == default_policy(topic)) {
      topic.attributes.erase("Policy");
    } else {
      topic.attributes["Policy"] = std::move(left);
    }
    return {};
  }));
  return aws::Empty();
}

Result<gen::sns::GetDataProtectionPolicyResponse> get_data_protection_policy(
    Core& core, const aws::Call& call, const gen::sns::GetDataProtectionPolicyInput& in) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, in.resource_arn, "ResourceArn"));
  LAPWING_CHECK(core.catalog().get(address));
  return gen::sns::GetDataProtectionPolicyResponse{.data_protection_policy = std::string()};
}

Result<aws::Empty> put_data_protection_policy(Core& core, const aws::Call& call,
                                              const gen::sns::PutDataProtectionPolicyInput& in) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, in.resource_arn, "ResourceArn"));
  LAPWING_CHECK(core.catalog().get(address));
  return aws::Empty();
}

Result<gen::sns::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, const gen::sns::ListTagsForResourceRequest& in) {
  LAPWING_TRY(const TopicPtr topic, tagged(core, call, in.resource_arn));
  gen::sns::ListTagsForResourceResponse out;
  out.tags.emplace();
  for (const auto& [key, value] : topic->tags) out.tags->push_back({.key = key, .value = value});
  return out;
}

Result<gen::sns::TagResourceResponse> tag_resource(Core& core, const aws::Call& call,
                                                   const gen::sns::TagResourceRequest& in) {
  LAPWING_TRY(const TopicPtr there, tagged(core, call, in.resource_arn));
  LAPWING_TRY(const resources::Tags added, read_tags(in.tags));
  LAPWING_CHECK(change_topic(core, there->address(), [&](Topic& topic) -> Status {
    resources::add_tags(topic.tags, added);
    return check_tags(topic.tags);
  }));
  return gen::sns::TagResourceResponse();
}

Result<gen::sns::UntagResourceResponse> untag_resource(Core& core, const aws::Call& call,
                                                       const gen::sns::UntagResourceRequest& in) {
  LAPWING_TRY(const TopicPtr there, tagged(core, call, in.resource_arn));
  LAPWING_CHECK(change_topic(core, there->address(), [&](Topic& topic) -> Status {
    resources::remove_tags(topic.tags, in.tag_keys);
    return {};
  }));
  return gen::sns::UntagResourceResponse();
}

}  // namespace lapwing::sns
