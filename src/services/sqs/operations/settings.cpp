#include "services/sqs/operations/settings.hpp"

#include <utility>

#include "services/sqs/attributes.hpp"
#include "services/sqs/policy.hpp"
#include "services/sqs/tagging.hpp"
#include "services/sqs/words.hpp"

namespace lapwing::sqs {
namespace {

// Changes a copy, which takes the queue's place.
Result<QueuePtr> change(Core& core, const aws::Call& call, std::string_view url,
                        FunctionRef<Status(Queue&)> body) {
  LAPWING_TRY(const Address address, parse_url(call, url));
  LAPWING_CHECK(check_account(call, address));
  return core.catalog().change(address.key(), [&](QueuePtr there) -> Result<QueuePtr> {
    if (there == nullptr || there->deleted()) return fail(no_such_queue());
    auto changed = std::make_shared<Queue>(*there);
    LAPWING_CHECK(body(*changed));
    return QueuePtr(std::move(changed));
  });
}

}  // namespace

Result<gen::sqs::GetQueueAttributesResult> get_queue_attributes(
    Core& core, const aws::Call& call, const gen::sqs::GetQueueAttributesRequest& in) {
  LAPWING_TRY(const QueuePtr queue, core.queue_at(call, in.queue_url));
  gen::sqs::GetQueueAttributesResult out;
  if (!in.attribute_names || in.attribute_names->empty()) return out;
  LAPWING_TRY(const store::QueueStats counts, core.messages().stats(queue->place));
  LAPWING_TRY(Attributes attributes, list_attributes(*queue, *in.attribute_names, counts));
  if (!attributes.empty()) out.attributes = std::move(attributes);
  return out;
}

Result<aws::Empty> set_queue_attributes(Core& core, const aws::Call& call,
                                        const gen::sqs::SetQueueAttributesRequest& in) {
  LAPWING_TRY(const QueuePtr queue, change(core, call, in.queue_url, [&](Queue& changed) -> Status {
                changed.modified_ms = core.now_ms();
                return apply_attributes(changed, in.attributes, false, core.catalog());
              }));
  if (in.attributes.contains("MessageRetentionPeriod")) core.parts->retention.changed(*queue);
  return aws::Empty();
}

Result<gen::sqs::ListQueueTagsResult> list_queue_tags(Core& core, const aws::Call& call,
                                                      const gen::sqs::ListQueueTagsRequest& in) {
  LAPWING_TRY(const QueuePtr queue, core.queue_at(call, in.queue_url));
  gen::sqs::ListQueueTagsResult out;
  if (!queue->tags.empty()) out.tags = queue->tags;
  return out;
}

Result<aws::Empty> tag_queue(Core& core, const aws::Call& call,
                             const gen::sqs::TagQueueRequest& in) {
  LAPWING_CHECK(change(core, call, in.queue_url, [&](Queue& queue) -> Status {
    resources::add_tags(queue.tags, in.tags);
    return check_tags(queue.tags, queue.name);
  }));
  return aws::Empty();
}

Result<aws::Empty> untag_queue(Core& core, const aws::Call& call,
                               const gen::sqs::UntagQueueRequest& in) {
  LAPWING_CHECK(change(core, call, in.queue_url, [&](Queue& queue) -> Status {
    resources::remove_tags(queue.tags, in.tag_keys);
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> add_permission(Core& core, const aws::Call& call,
                                  const gen::sqs::AddPermissionRequest& in) {
  LAPWING_CHECK(change(core, call, in.queue_url, [&](Queue& queue) -> Status {
    LAPWING_TRY(queue.policy, with_statement(queue, {in.label, in.aws_account_ids, in.actions}));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gen::sqs::RemovePermissionRequest& in) {
  LAPWING_CHECK(change(core, call, in.queue_url, [&](Queue& queue) -> Status {
    LAPWING_TRY(queue.policy, without_statement(queue, in.label));
    return {};
  }));
  return aws::Empty();
}

}  // namespace lapwing::sqs
