#include "services/schemas/operations/tags.hpp"

#include "services/schemas/names.hpp"

namespace lapwing::schemas {
namespace {

Result<Named> named(const aws::Call& call, const std::string& arn) {
  auto out = parse_arn(arn, aws::scope_of(call.caller));
  if (!out) return fail(no_such_resource(arn));
  return *std::move(out);
}

Status change_tags(Core& core, const aws::Call& call, const std::string& arn,
                   FunctionRef<void(resources::Tags&)> body) {
  LAPWING_TRY(const Named what, named(call, arn));
  const aws::Scope scope = aws::scope_of(call.caller);
  const auto changed = core.change<aws::Empty>([&](store::Txn& txn) -> Result<aws::Empty> {
    if (what.schema.empty()) {
      LAPWING_TRY(Registry registry, get_registry(txn, scope, what.registry));
      body(registry.tags);
      LAPWING_CHECK(check_tags(registry.tags));
      LAPWING_CHECK(Registries::put(txn, registry));
    } else {
      LAPWING_TRY(Schema schema, get_schema(txn, scope, what.registry, what.schema));
      body(schema.tags);
      LAPWING_CHECK(check_tags(schema.tags));
      LAPWING_CHECK(Schemas::put(txn, schema));
    }
    return aws::Empty();
  });
  if (!changed) return fail(changed.error());
  return {};
}

}  // namespace

Result<gen::schemas::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, const gen::schemas::ListTagsForResourceRequest& in) {
  LAPWING_TRY(const Named what, named(call, in.resource_arn));
  const aws::Scope scope = aws::scope_of(call.caller);
  using resources::Tags;
  LAPWING_TRY(Tags tags, core.read<Tags>([&](store::Reader& reader) -> Result<Tags> {
    if (what.schema.empty()) {
      LAPWING_TRY(const Registry registry, get_registry(reader, scope, what.registry));
      return registry.tags;
    }
    LAPWING_TRY(const Schema schema, get_schema(reader, scope, what.registry, what.schema));
    return schema.tags;
  }));
  return gen::schemas::ListTagsForResourceResponse{.tags = std::move(tags)};
}

Result<aws::Empty> tag_resource(Core& core, const aws::Call& call,
                                const gen::schemas::TagResourceRequest& in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn,
                            [&](resources::Tags& tags) { resources::add_tags(tags, in.tags); }));
  return aws::Empty();
}

Result<aws::Empty> untag_resource(Core& core, const aws::Call& call,
                                  const gen::schemas::UntagResourceRequest& in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn, [&](resources::Tags& tags) {
    resources::remove_tags(tags, in.tag_keys);
  }));
  return aws::Empty();
}

}  // namespace lapwing::schemas
