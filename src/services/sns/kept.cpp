#include "services/sns/kept.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

#include "base/packed.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/notification.hpp"

namespace lapwing::sns {
namespace {

constexpr std::string_view kStream = "sns.kept";
constexpr std::string_view kShard = "all";
constexpr char kFormat = 1;
// Trimming goes by notice; this is only the longest without.
constexpr auto kTrimEvery = std::chrono::hours(24);

std::string encode(const KeptMessage& message) {
  PackedWriter out(kFormat);
  for (const std::string* const field :
       {&message.protocol, &message.endpoint, &message.subscription_arn, &message.message_id,
        &message.topic_arn, &message.subject, &message.body}) {
    out.text(*field);
  }
  return std::move(out).take();
}

Result<KeptMessage> decode(const store::LogRecord& record) {
  PackedReader in(record.data, kFormat);
  KeptMessage out;
  out.number = record.sequence;
  out.time_ms = record.time_ms;
  for (std::string* const field : {&out.protocol, &out.endpoint, &out.subscription_arn,
                                   &out.message_id, &out.topic_arn, &out.subject, &out.body}) {
    *field = in.text();
  }
  if (in.broken()) return fail(internal_error("a kept message is cut"));
  return out;
}

// What AWS writes below a mail.
std::string mail_footer(const Message& message, const Subscription& subscription) {
  return fmt::format(
      "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit "
      "the link below to unsubscribe:\n{}\n",
      unsubscribe_url(message, subscription.arn()));
}

}  // namespace

KeptMessage kept_for(const Message& message, const Subscription& subscription, Signer& signer) {
  KeptMessage out{.number = 0,
                  .time_ms = message.time_ms,
                  .protocol = subscription.protocol,
                  .endpoint = subscription.endpoint,
                  .subscription_arn = subscription.arn(),
                  .message_id = message.id,
                  .topic_arn = message.topic_arn,
                  .subject = message.has_subject ? message.subject : "AWS Notification Message",
                  .body = message.text_for(subscription.protocol)};
  if (message.kind != MessageKind::kNotification) {
    out.subject = message.kind == MessageKind::kSubscriptionConfirmation
                      ? "AWS Notification - Subscription Confirmation"
                      : "AWS Notification - Unsubscribe Confirmation";
  }
  if (subscription.protocol == "email-json") {
    out.body = notification(message, subscription, signer);
  } else if (subscription.protocol == "email") {
    out.body += message.kind == MessageKind::kNotification ? mail_footer(message, subscription)
                                                           : "\n\n" + subscribe_url(message) + "\n";
  } else if (subscription.protocol == "sms") {
    out.subject.clear();
  }
  return out;
}

Status Kept::add(store::Txn& txn, const std::vector<KeptMessage>& messages) {
  if (messages.empty()) return {};
  std::vector<store::LogInput> records;
  for (const KeptMessage& message : messages) {
    records.push_back({message.time_ms, encode(message)});
  }
  const auto appended = txn.append(kStream, kShard, records);
  if (!appended) return fail(appended.error());
  return {};
}

void Kept::added() { trimming_.notify(); }

Result<std::vector<KeptMessage>> Kept::read(std::uint64_t after, std::size_t max) const {
  std::vector<KeptMessage> out;
  const auto page = space_.log().read({.stream = std::string(kStream),
                                       .shard = std::string(kShard),
                                       .from = after + 1,
                                       .max_records = std::clamp<std::size_t>(max, 1, kKeptPageMax),
                                       .max_bytes = kMiB * 8});
  if (!page) {
    if (page.error().kind() == ErrorKind::kNotFound) return out;  // there has been none
    return fail(page.error());
  }
  for (const store::LogRecord& record : page->records) {
    LAPWING_TRY(KeptMessage message, decode(record));
    out.push_back(std::move(message));
  }
  return out;
}

void Kept::begin(background::Runner& background) {
  trimming_ = background.every("sns.kept", kTrimEvery, [this] { return trim(); });
}

Status Kept::trim() {
  for (;;) {
    const auto info = space_.log().shard(kStream, kShard);
    if (!info) {
      if (info.error().kind() == ErrorKind::kNotFound) return {};
      return fail(info.error());
    }
    if (info->records <= kKeptMessagesMax && info->bytes <= kKeptBytesMax) return {};
    const store::LogSequence first = info->next_sequence - info->records;
    // By number exactly; by size a sixteenth at a time.
    const std::uint64_t over = info->records > kKeptMessagesMax
                                   ? info->records - kKeptMessagesMax
                                   : std::max<std::uint64_t>(1, info->records / 16);
    LAPWING_CHECK(space_.log().trim_before(kStream, kShard, first + over));
  }
}

}  // namespace lapwing::sns
