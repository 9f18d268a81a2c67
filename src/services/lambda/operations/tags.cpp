#include "resources/tags.hpp"

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/mappings/mapping_errors.hpp"
#include "services/lambda/operations/common.hpp"
#include "services/lambda/settings_input.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

// Tags of an event source mapping; none: it is no ARN of one.
using TagChange = FunctionRef<void(resources::Tags&)>;

constexpr std::string_view kMappingType = "event-source-mapping";

bool is_mapping(const std::string& resource) {
  const auto arn = aws::Arn::parse(resource);
  return arn && arn->service == "lambda" && arn->resource_type() == kMappingType;
}

Result<MappingRecord> find_mapping(Core& core, const aws::Caller& caller,
                                   const std::string& resource) {
  LAPWING_TRY(const aws::Arn arn, aws::Arn::parse(resource));
  const aws::Scope scope{arn.account, arn.region};
  if (scope == aws::scope_of(caller)) {
    LAPWING_TRY(auto record, core.mappings.find(scope, arn.resource_id()));
    if (record) return *std::move(record);
  }
  return fail(errors::mapping_not_found(resource));
}

Status change_mapping_tags(Core& core, const aws::Caller& caller, const std::string& resource,
                           TagChange change) {
  LAPWING_TRY(const MappingRecord record, find_mapping(core, caller, resource));
  LAPWING_CHECK(core.mappings.change_tags(aws::scope_of(caller), record.uuid,
                                          [&](MappingRecord& written) -> Status {
                                            change(written.tags);
                                            return check_tags(written.tags);
                                          }));
  return {};
}

// Tags belong to functions and mappings; other taggable resources are not built.
Result<FunctionIdentifier> identify_resource(const aws::Caller& caller, std::string_view operation,
                                             const std::string& resource) {
  if (resource.find(":function:") == std::string::npos) {
    return fail(aws::unsupported("lambda", operation, "Resource " + resource,
                                 "only functions and event source mappings can be tagged yet"));
  }
  LAPWING_TRY(FunctionIdentifier id,
              identify(caller, resource, std::nullopt, "lambda:" + std::string(operation)));
  if (!id.qualifier.empty()) return fail(errors::tags_on_versions());
  return id;
}

Status change_tags(Core& core, const FunctionKey& key, TagChange change) {
  const std::string revision_id = make_uuid(core.random);
  LAPWING_CHECK(core.functions.update(key, 0, [&](FunctionRecord& record) -> Status {
    if (record.update == UpdateStatus::kInProgress) {
      return fail(errors::update_in_progress(function_arn(record.key)));
    }
    change(record.tags);
    LAPWING_CHECK(check_tags(record.tags));
    record.revision_id = revision_id;
    return {};
  }));
  // Some of them say what the environments of all versions reach.
  return core.catalog.reload_all(key);
}

}  // namespace

Result<aws::Empty> tag_resource(Core& core, const aws::Call& call,
                                const gl::TagResourceRequest& in) {
  if (is_mapping(in.resource)) {
    if (in.tags.empty()) return fail(errors::no_tags());
    LAPWING_CHECK(change_mapping_tags(core, call.caller, in.resource, [&](resources::Tags& tags) {
      resources::add_tags(tags, in.tags);
    }));
    return aws::Empty{};
  }
  LAPWING_TRY(const FunctionIdentifier id,
              identify_resource(call.caller, "TagResource", in.resource));
  if (in.tags.empty()) return fail(errors::no_tags());
  LAPWING_CHECK(check_reach_tags(in.tags, core.options));
  LAPWING_CHECK(change_tags(core, id.key,
                            [&](resources::Tags& tags) { resources::add_tags(tags, in.tags); }));
  return aws::Empty{};
}

Result<aws::Empty> untag_resource(Core& core, const aws::Call& call,
                                  const gl::UntagResourceRequest& in) {
  if (is_mapping(in.resource)) {
    LAPWING_CHECK(change_mapping_tags(core, call.caller, in.resource, [&](resources::Tags& tags) {
      resources::remove_tags(tags, in.tag_keys);
    }));
    return aws::Empty{};
  }
  LAPWING_TRY(const FunctionIdentifier id,
              identify_resource(call.caller, "UntagResource", in.resource));
  LAPWING_CHECK(change_tags(
      core, id.key, [&](resources::Tags& tags) { resources::remove_tags(tags, in.tag_keys); }));
  return aws::Empty{};
}

Result<gl::ListTagsResponse> list_tags(Core& core, const aws::Call& call,
                                       const gl::ListTagsRequest& in) {
  if (is_mapping(in.resource)) {
    LAPWING_TRY(const MappingRecord record, find_mapping(core, call.caller, in.resource));
    gl::ListTagsResponse out;
    out.tags = record.tags;
    return out;
  }
  LAPWING_TRY(const FunctionIdentifier id, identify_resource(call.caller, "ListTags", in.resource));
  LAPWING_TRY(const FunctionRecord record, find_function(core, id));
  gl::ListTagsResponse out;
  out.tags = record.tags;
  return out;
}

}  // namespace lapwing::lambda
