#include "services/sqs/operations/queues.hpp"

#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/sqs/errors.hpp"
#include "resources/pages.hpp"
#include "services/sqs/attributes.hpp"
#include "services/sqs/tagging.hpp"
#include "services/sqs/words.hpp"

namespace lapwing::sqs {
namespace {

namespace errors = gen::sqs::errors;

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

Status check_name(const std::string& name, bool fifo) {
  if (is_queue_name(name) && is_fifo_name(name) == fifo) return {};
  return fail(errors::invalid_parameter_value(
      fifo ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
             "underscores, must end with .fifo suffix and be 1 to 80 in length."
           : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
             "length"));
}

// What is given must be what the queue has.
Status check_same(const Queue& there, const Queue& wanted, const Attributes& given) {
  for (const auto& [name, value] : given) {
    if (attribute_text(there, name) != attribute_text(wanted, name)) {
      return fail(errors::queue_name_exists(
          fmt::format("A queue already exists with the same name and a different value for "
                      "attribute {}",
                      name)));
    }
  }
  return {};
}

using resources::PageAsk;

Result<PageAsk> page_asked(std::string list, const std::optional<std::string>& token,
                           std::optional<std::int32_t> max) {
  const std::int32_t limit = max.value_or(kPageMax);
  if (limit < 1 || limit > kPageMax) {
    return fail(invalid_value(std::to_string(limit), "MaxResults",
                              fmt::format("Must be an integer between 1 and {}.", kPageMax)));
  }
  const bool first = !token || token->empty();
  auto ask = resources::page_ask(std::move(list), first ? std::nullopt : token,
                                 static_cast<std::size_t>(limit));
  if (!ask) return fail(errors::invalid_parameter_value("Invalid or expired next token."));
  return ask;
}

// The URLs of a page. A token only where pages were asked for.
template <class Out>
void fill_page(const aws::Call& call, const PageAsk& ask, bool paged, std::vector<QueuePtr> found,
               std::vector<std::string>& urls, Out& out) {
  auto page =
      resources::cut_page(std::move(found), ask, [](const QueuePtr& queue) { return queue->name; });
  for (const QueuePtr& queue : page.items) urls.push_back(url_of(call, *queue));
  if (paged) out.next_token = std::move(page.next);
}

}  // namespace

Result<gen::sqs::CreateQueueResult> create_queue(Core& core, const aws::Call& call,
                                                 const gen::sqs::CreateQueueRequest& in) {
  const Attributes given = in.attributes.value_or(Attributes());
  const auto fifo = given.find("FifoQueue");
  Queue wanted;
  wanted.scope = aws::scope_of(call.caller);
  wanted.name = in.queue_name;
  wanted.fifo = fifo != given.end() && (fifo->second == "true" || fifo->second == "True");
  LAPWING_CHECK(check_name(wanted.name, wanted.fifo));
  LAPWING_CHECK(apply_attributes(wanted, given, true, core.catalog()));
  wanted.tags = in.tags.value_or(Attributes());
  LAPWING_CHECK(check_tags(wanted.tags, wanted.name));
  std::optional<Grave> grave;  // of a queue that had the name
  LAPWING_TRY(
      const QueuePtr queue,
      core.catalog().change(wanted.key(), [&](QueuePtr there) -> Result<QueuePtr> {
        if (there != nullptr && !there->deleted()) {
          LAPWING_CHECK(check_same(*there, wanted, given));
          return there;
        }
        const std::int64_t now = core.now_ms();
        if (there != nullptr) {
          if (core.settings.strict_deletion &&
              now - there->deleted_ms < milliseconds(kDeletedFor)) {
            return fail(errors::queue_deleted_recently(
                "You must wait 60 seconds after deleting a queue before you can create another "
                "with the same name."));
          }
          grave = Grave{there->place, there->deleted_ms};
          core.parts->retention.replaced(*grave);  // also where it is not known what was written
        }
        wanted.created_ms = wanted.modified_ms = now;
        wanted.place = fmt::format("{}/{}", wanted.key(), random_hex(*core.random, 16));
        wanted.live = std::make_shared<Live>();
        return std::make_shared<const Queue>(std::move(wanted));
      }));
  if (grave) LAPWING_CHECK(core.messages().purge(grave->place));
  return gen::sqs::CreateQueueResult{.queue_url = url_of(call, *queue)};
}

Result<aws::Empty> delete_queue(Core& core, const aws::Call& call,
                                const gen::sqs::DeleteQueueRequest& in) {
  LAPWING_TRY(const Address address, parse_url(call, in.queue_url));
  LAPWING_CHECK(check_account(call, address));
  LAPWING_TRY(const QueuePtr queue,
              core.catalog().change(address.key(), [&](QueuePtr there) -> Result<QueuePtr> {
                if (there == nullptr || there->deleted()) return fail(no_such_queue());
                auto dead = std::make_shared<Queue>(*there);
                dead->deleted_ms = core.now_ms();
                return QueuePtr(std::move(dead));
              }));
  LAPWING_CHECK(core.messages().purge(queue->place));
  core.parts->polls.forget(queue->place);
  core.parts->retention.deleted(*queue);
  return aws::Empty();
}

Result<gen::sqs::GetQueueUrlResult> get_queue_url(Core& core, const aws::Call& call,
                                                  const gen::sqs::GetQueueUrlRequest& in) {
  Address address{aws::scope_of(call.caller), in.queue_name};
  if (const auto& owner = in.queue_owner_aws_account_id; owner && !owner->empty()) {
    if (!aws::is_account_id(*owner)) return fail(no_such_queue());
    address.scope.account = AccountId(*owner);
  }
  LAPWING_TRY(const QueuePtr queue, core.catalog().get(address));
  return gen::sqs::GetQueueUrlResult{.queue_url = url_of(call, *queue)};
}

Result<gen::sqs::ListQueuesResult> list_queues(Core& core, const aws::Call& call,
                                               const gen::sqs::ListQueuesRequest& in) {
  const std::string prefix = in.queue_name_prefix.value_or("");
  LAPWING_TRY(const PageAsk page,
              page_asked("sqs.ListQueues " + prefix, in.next_token, in.max_results));
  gen::sqs::ListQueuesResult out;
  std::vector<std::string> urls;
  fill_page(call, page, in.max_results.has_value(),
            core.catalog().list(aws::scope_of(call.caller), prefix, page.after, page.limit + 1,
                                [](const Queue&) { return true; }),
            urls, out);
  if (!urls.empty()) out.queue_urls = std::move(urls);
  return out;
}

Result<gen::sqs::ListDeadLetterSourceQueuesResult> list_dead_letter_source_queues(
    Core& core, const aws::Call& call, const gen::sqs::ListDeadLetterSourceQueuesRequest& in) {
  LAPWING_TRY(const QueuePtr queue, core.queue_at(call, in.queue_url));
  const std::string arn = queue->arn();
  LAPWING_TRY(const PageAsk page,
              page_asked("sqs.ListDeadLetterSourceQueues " + arn, in.next_token, in.max_results));
  gen::sqs::ListDeadLetterSourceQueuesResult out;
  fill_page(call, page, in.max_results.has_value(),
            core.catalog().list(
                queue->scope, "", page.after, page.limit + 1,
                [&](const Queue& each) { return each.redrive && each.redrive->target_arn == arn; }),
            out.queue_urls, out);
  return out;
}

Result<aws::Empty> purge_queue(Core& core, const aws::Call& call,
                               const gen::sqs::PurgeQueueRequest& in) {
  LAPWING_TRY(const Address address, parse_url(call, in.queue_url));
  LAPWING_CHECK(check_account(call, address));
  LAPWING_TRY(
      const QueuePtr queue,
      core.catalog().change(address.key(), [&](QueuePtr there) -> Result<QueuePtr> {
        if (there == nullptr || there->deleted()) return fail(no_such_queue());
        const std::int64_t now = core.now_ms();
        if (there->purged_ms != 0 && now - there->purged_ms < milliseconds(kPurgeEvery)) {
          return fail(errors::purge_queue_in_progress(fmt::format(
              "Only one PurgeQueue operation on {} is allowed every 60 seconds.", there->name)));
        }
        auto purged = std::make_shared<Queue>(*there);
        purged->purged_ms = now;
        return QueuePtr(std::move(purged));
      }));
  LAPWING_CHECK(core.messages().purge(queue->place));
  return aws::Empty();
}

}  // namespace lapwing::sqs
