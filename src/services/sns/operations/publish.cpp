#include "services/sns/operations/publish.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "gen/sns/errors.hpp"
#include "services/sns/direct.hpp"
#include "services/sns/prepare.hpp"
#include "services/sns/publishing.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

namespace errors = gen::sns::errors;

// Of PublishInput or PublishBatchRequestEntry, which is used up.
template <class In>
Outgoing outgoing(In& in) {
  return {.text = std::move(in.message),
          .subject = std::move(in.subject),
          .structure = std::move(in.message_structure),
          .attributes = std::move(in.message_attributes),
          .group = std::move(in.message_group_id),
          .deduplication_id = std::move(in.message_deduplication_id)};
}

bool given(const std::optional<std::string>& text) { return text && !text->empty(); }

Status check_targets(const gen::sns::PublishInput& in) {
  const int targets = (given(in.topic_arn) ? 1 : 0) + (given(in.target_arn) ? 1 : 0) +
                      (given(in.phone_number) ? 1 : 0);
  if (targets == 1) return {};
  return fail(invalid(targets == 0
                          ? "TopicArn or TargetArn Reason: no value for required parameter"
                          : "Only one of TopicArn, TargetArn and PhoneNumber can be given"));
}

bool is_entry_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

using Entries = std::vector<gen::sns::PublishBatchRequestEntry>;

Status check_entries(const Entries& entries) {
  if (entries.empty()) {
    return fail(errors::empty_batch_request("The batch request doesn't contain any entries."));
  }
  if (entries.size() > kBatchEntriesMax) {
    return fail(errors::too_many_entries_in_batch_request(
        "The batch request contains more entries than permissible."));
  }
  std::set<std::string_view> seen;
  for (const auto& entry : entries) {
    const std::string_view shown = std::string_view(entry.id).substr(0, 256);
    if (entry.id.size() > kEntryIdCharactersMax) {
      return fail(errors::invalid_batch_entry_id(
          fmt::format("The Id of a batch entry in the batch request is too long: {}", shown)));
    }
    if (entry.id.empty() || !std::ranges::all_of(entry.id, is_entry_character)) {
      return fail(errors::invalid_batch_entry_id(fmt::format(
          "The Id of a batch entry in the batch request contains an impermissible character: {}",
          shown)));
    }
    if (!seen.insert(entry.id).second) {
      return fail(errors::batch_entry_ids_not_distinct(
          "Two or more batch entries in the request have the same Id."));
    }
  }
  return {};
}

std::size_t size_of(const gen::sns::PublishBatchRequestEntry& entry) {
  std::size_t out = entry.message.size();
  if (!entry.message_attributes) return out;
  for (const auto& [name, value] : *entry.message_attributes) {
    out += name.size() + value.data_type.size() + value.string_value.value_or("").size() +
           value.binary_value.value_or("").size();
  }
  return out;
}

Status check_batch_size(const Topic& topic, const Entries& entries) {
  std::size_t bytes = 0;
  for (const auto& entry : entries) bytes += size_of(entry);
  if (bytes <= topic.message_bytes_max()) return {};
  return fail(errors::batch_request_too_long(
      "The length of all the messages put together is more than the limit."));
}

gen::sns::BatchResultErrorEntry failed_entry(const std::string& id, const Error& error) {
  return {.code = error.code(),
          .id = id,
          .message = error.message(),
          .sender_fault = error.kind() != ErrorKind::kInternal};
}

Result<Message> prepare_for(Core& core, const aws::Call& call, const Topic& topic, Outgoing out) {
  const Outgoing ids{.text = {},
                     .subject = {},
                     .structure = {},
                     .attributes = {},
                     .group = out.group,
                     .deduplication_id = out.deduplication_id};
  LAPWING_TRY(Message message, prepare(call, *core.random, std::move(out)));
  LAPWING_CHECK(fit(topic, ids, message));
  message.time_ms = core.now_ms();
  message.base = base_url(call, core.settings.url);
  return message;
}

}  // namespace

net::Task<Result<gen::sns::PublishResponse>> publish(Core& core, net::Loop& loop,
                                                     const aws::Call& call,
                                                     gen::sns::PublishInput in) {
  LAPWING_CO_CHECK(check_targets(in));
  if (given(in.phone_number) || is_endpoint_arn(in.target_arn.value_or(""))) {
    co_return co_await publish_directly(core, loop, call, std::move(in));
  }
  const bool by_topic = given(in.topic_arn);
  LAPWING_CO_TRY(const TopicAddress address,
                 parse_topic(call, by_topic ? *in.topic_arn : *in.target_arn,
                             by_topic ? "TopicArn" : "TargetArn"));
  LAPWING_CO_TRY(ViewPtr view, core.catalog().view(address));
  std::vector<Message> messages;
  LAPWING_CO_TRY(messages.emplace_back(), prepare_for(core, call, *view->topic, outgoing(in)));
  LAPWING_CO_TRY(const std::vector<Accepted> accepted,
                 co_await publish_to(core, loop, std::move(view), std::move(messages)));
  gen::sns::PublishResponse out;
  out.message_id = accepted.front().message_id;
  if (accepted.front().sequence != 0) {
    out.sequence_number = sequence_text(accepted.front().sequence);
  }
  co_return out;
}

net::Task<Result<gen::sns::PublishBatchResponse>> publish_batch(Core& core, net::Loop& loop,
                                                                const aws::Call& call,
                                                                gen::sns::PublishBatchInput in) {
  LAPWING_CO_TRY(const TopicAddress address, parse_topic(call, in.topic_arn));
  LAPWING_CO_TRY(ViewPtr view, core.catalog().view(address));
  Entries& entries = in.publish_batch_request_entries;
  LAPWING_CO_CHECK(check_entries(entries));
  LAPWING_CO_CHECK(check_batch_size(*view->topic, entries));
  gen::sns::PublishBatchResponse out;
  // Both are answered, empty ones too.
  out.failed.emplace();
  out.successful.emplace();
  std::vector<Outgoing> all;
  for (auto& entry : entries) {
    all.push_back(outgoing(entry));
    if (view->topic->fifo) LAPWING_CO_CHECK(check_fifo_ids(*view->topic, all.back()));
  }
  std::vector<std::string> ids;
  std::vector<Message> messages;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto message = prepare_for(core, call, *view->topic, std::move(all[i]));
    if (!message) {
      out.failed->push_back(failed_entry(entries[i].id, message.error()));
      continue;
    }
    ids.push_back(entries[i].id);
    messages.push_back(*std::move(message));
  }
  if (messages.empty()) co_return out;
  LAPWING_CO_TRY(const std::vector<Accepted> accepted,
                 co_await publish_to(core, loop, std::move(view), std::move(messages)));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    gen::sns::PublishBatchResultEntry entry{.id = ids[i], .message_id = accepted[i].message_id};
    if (accepted[i].sequence != 0) entry.sequence_number = sequence_text(accepted[i].sequence);
    out.successful->push_back(std::move(entry));
  }
  co_return out;
}

}  // namespace lapwing::sns
