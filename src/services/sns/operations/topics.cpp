#include "services/sns/operations/topics.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "gen/sns/errors.hpp"
#include "services/sns/pages.hpp"
#include "services/sns/tagging.hpp"
#include "services/sns/topic_attributes.hpp"
#include "services/sns/topic_change.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

Result<bool> read_fifo(const Attributes& given) {
  bool fifo = false;
  const auto found = given.find("FifoTopic");
  if (found != given.end() && !parse_flag(found->second, fifo)) {
    return fail(invalid("Attributes Reason: FifoTopic: Invalid value. Must be true or false."));
  }
  return fifo;
}

Result<Topic> read_topic(const aws::Call& call, const gen::sns::CreateTopicInput& in,
                         const Attributes& given) {
  Topic out;
  out.scope = aws::scope_of(call.caller);
  out.name = in.name;
  LAPWING_TRY(out.fifo, read_fifo(given));
  if (!is_topic_name(out.name) || is_fifo_name(out.name) != out.fifo) {
    return fail(invalid("Topic Name"));
  }
  for (const auto& [name, value] : given) {
    if (name == "FifoTopic") continue;
    LAPWING_CHECK(set_topic_attribute(out, name, value, "CreateTopic"));
  }
  if (in.tags) {
    LAPWING_TRY(out.tags, read_tags(*in.tags));
    LAPWING_CHECK(check_tags(out.tags));
  }
  return out;
}

Status check_same(const Topic& there, const Topic& wanted, const Attributes& given) {
  if (!has_attributes(there, wanted, given)) {
    return fail(invalid("Attributes Reason: Topic already exists with different attributes"));
  }
  const bool same_tags = std::ranges::all_of(wanted.tags, [&](const auto& tag) {
    const auto found = there.tags.find(tag.first);
    return found != there.tags.end() && found->second == tag.second;
  });
  if (same_tags) return {};
  return fail(invalid("Tags Reason: Topic already exists with different tags"));
}

Status check_room(Core& core, const Topic& wanted) {
  const std::size_t most = wanted.fifo ? kFifoTopicsMax : kTopicsMax;
  if (core.catalog().count_topics(wanted.scope, wanted.fifo) < most) return {};
  return fail(
      gen::sns::errors::topic_limit_exceeded(fmt::format("Topic limit of {} is exceeded", most)));
}

// Messages beyond 256 KiB go to few, and not to everybody.
Status check_subscribers(Core& core, const Topic& topic) {
  if (topic.message_bytes_max() <= kMessageBytesDefault) return {};
  const auto all =
      core.catalog().subscriptions(topic.scope, topic.name, "", kLargeSubscriptionsMax + 1);
  const bool fits = all.size() <= kLargeSubscriptionsMax &&
                    std::ranges::all_of(all, [](const SubscriptionPtr& each) {
                      return takes_large_messages(each->protocol);
                    });
  if (fits) return {};
  return fail(invalid(large_messages_refused()));
}

}  // namespace

Result<gen::sns::CreateTopicResponse> create_topic(Core& core, const aws::Call& call,
                                                   const gen::sns::CreateTopicInput& in) {
  const Attributes given = in.attributes.value_or(Attributes());
  LAPWING_TRY(Topic wanted, read_topic(call, in, given));
  LAPWING_TRY(const TopicPtr topic,
              core.catalog().change(wanted.address(), [&](TopicPtr there) -> Result<TopicPtr> {
                if (there != nullptr) {
                  LAPWING_CHECK(check_same(*there, wanted, given));
                  return there;
                }
                LAPWING_CHECK(check_room(core, wanted));
                wanted.created_ms = core.now_ms();
                wanted.place = fmt::format("{}/{}", wanted.key(), random_hex(*core.random, 16));
                return std::make_shared<const Topic>(wanted);
              }));
  return gen::sns::CreateTopicResponse{.topic_arn = topic->arn()};
}

Result<aws::Empty> delete_topic(Core& core, const aws::Call& call,
                                const gen::sns::DeleteTopicInput& in) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, in.topic_arn));
  LAPWING_TRY(const auto gone, core.catalog().erase(address));
  core.topic_erased();
  for (const SubscriptionPtr& each : gone) core.forget(each->address());
  return aws::Empty();
}

Result<gen::sns::GetTopicAttributesResponse> get_topic_attributes(
    Core& core, const aws::Call& call, const gen::sns::GetTopicAttributesInput& in) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, in.topic_arn));
  LAPWING_TRY(const TopicPtr topic, core.catalog().get(address));
  return gen::sns::GetTopicAttributesResponse{
      .attributes = topic_attributes(*topic, core.catalog().counts(address))};
}

Result<aws::Empty> set_topic_attributes(Core& core, const aws::Call& call,
                                        const gen::sns::SetTopicAttributesInput& in) {
  LAPWING_CHECK(change_topic(core, call, in.topic_arn, [&](Topic& topic) -> Status {
    LAPWING_CHECK(set_topic_attribute(topic, in.attribute_name, in.attribute_value.value_or(""),
                                      "SetTopicAttributes"));
    return check_subscribers(core, topic);
  }));
  return aws::Empty();
}

Result<gen::sns::ListTopicsResponse> list_topics(Core& core, const aws::Call& call,
                                                 const gen::sns::ListTopicsInput& in) {
  LAPWING_TRY(const auto ask, page_asked("sns.ListTopics", in.next_token));
  auto page = resources::cut_page(
      core.catalog().topics(aws::scope_of(call.caller), ask.after, ask.limit + 1), ask,
      [](const TopicPtr& topic) { return topic->name; });
  gen::sns::ListTopicsResponse out;
  out.topics.emplace();
  for (const TopicPtr& topic : page.items) out.topics->push_back({.topic_arn = topic->arn()});
  out.next_token = std::move(page.next);
  return out;
}

}  // namespace lapwing::sns
