#include "services/pipes/operations/tags.hpp"

#include <utility>

#include <fmt/core.h>

#include "services/pipes/tables.hpp"
#include "services/pipes/words.hpp"

namespace lapwing::pipes {
namespace {

Result<Pipe> pipe_at(store::Reader& reader, const aws::Call& call, const std::string& text) {
  LAPWING_TRY(const aws::Arn arn, aws::Arn::parse(text));
  const std::string name(arn.resource_id());
  const aws::Scope scope{arn.account, arn.region};
  if (scope != aws::scope_of(call.caller)) return fail(no_such_pipe(name));
  LAPWING_TRY(auto found, Pipes::find(reader, resources::scoped_key(scope, name)));
  if (!found) return fail(no_such_pipe(name));
  return std::move(found->record);
}

template <class Change>
Status change_tags(Core& core, const aws::Call& call, const std::string& arn, Change change) {
  const auto done = core.store.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(Pipe pipe, pipe_at(txn, call, arn));
    change(pipe.tags);
    LAPWING_CHECK(check_tags(pipe.tags));
    LAPWING_CHECK(Pipes::put(txn, pipe));
    return {};
  });
  return done ? Status() : fail(store_failure(done.error()));
}

}  // namespace

Status check_tags(const resources::Tags& tags) {
  const auto fault = resources::check_tags(tags);
  if (!fault) return {};
  if (fault->problem == resources::TagProblem::kTooMany) {
    return fail(invalid(fmt::format("A pipe has at most {} tags.", resources::kTagsMax)));
  }
  return fail(invalid(resources::tag_rule(*fault)));
}

Result<gen::pipes::TagResourceResponse> tag_resource(Core& core, const aws::Call& call,
                                                     gen::pipes::TagResourceRequest in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn,
                            [&](resources::Tags& tags) { resources::add_tags(tags, in.tags); }));
  return gen::pipes::TagResourceResponse();
}

Result<gen::pipes::UntagResourceResponse> untag_resource(Core& core, const aws::Call& call,
                                                         gen::pipes::UntagResourceRequest in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn, [&](resources::Tags& tags) {
    resources::remove_tags(tags, in.tag_keys);
  }));
  return gen::pipes::UntagResourceResponse();
}

Result<gen::pipes::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, gen::pipes::ListTagsForResourceRequest in) {
  gen::pipes::ListTagsForResourceResponse out;
  LAPWING_CHECK(core.store.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const Pipe pipe, pipe_at(reader, call, in.resource_arn));
    out.tags = pipe.tags;
    return {};
  }));
  return out;
}

}  // namespace lapwing::pipes
