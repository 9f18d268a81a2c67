#include "services/sns/kept.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/packed.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/notification.hpp"

namespace lapwing::sns {
namespace {

constexpr char kFormat = 1;

std::string encode(const KeptMessage& message) {
  PackedWriter out(kFormat);
  for (const std::string* const field :
       {&message.protocol, &message.endpoint, &message.subscription_arn, &message.message_id,
        &message.topic_arn, &message.subject, &message.body}) {
    out.text(*field);
  }
  out.text(message.account.view());
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
  if (!in.at_end()) out.account = AccountId(in.text());
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
                  .body = message.text_for(subscription.protocol),
                  .account = subscription.topic.scope.account};
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

Kept::Kept(store::Space& space)
    : log_(space, "sns.kept", {.records = kKeptMessagesMax, .bytes = kKeptBytesMax}) {}

Status Kept::add(store::Txn& txn, const std::vector<KeptMessage>& messages) const {
  std::vector<store::LogInput> records;
  for (const KeptMessage& message : messages) {
    records.push_back({message.time_ms, encode(message)});
  }
  return log_.add(txn, records);
}

Result<std::vector<KeptMessage>> Kept::decoded(const Result<store::LogPage>& page) {
  if (!page) return fail(page.error());
  std::vector<KeptMessage> out;
  for (const store::LogRecord& record : page->records) {
    LAPWING_TRY(KeptMessage message, decode(record));
    out.push_back(std::move(message));
  }
  return out;
}

Result<std::vector<KeptMessage>> Kept::read(std::uint64_t after, std::size_t max) const {
  return decoded(log_.read(after + 1, store::Direction::kForward,
                           std::clamp<std::size_t>(max, 1, kKeptPageMax)));
}

Result<std::vector<KeptMessage>> Kept::newest(std::uint64_t before, std::size_t max,
                                              std::size_t max_bytes) const {
  if (before == 1) return std::vector<KeptMessage>();
  return decoded(log_.read(before == 0 ? store::LogRead::kLatest : before - 1,
                           store::Direction::kBackward,
                           std::clamp<std::size_t>(max, 1, kKeptPageMax), max_bytes));
}

Result<hosting::OutboxPage> outbox_page(const Kept& kept, const hosting::OutboxAsk& ask) {
  hosting::OutboxPage out;
  std::uint64_t before = ask.before;
  std::size_t bytes = 0;
  for (std::size_t looked_at = 0; looked_at < kKeptLookedAt;) {
    LAPWING_TRY(std::vector<KeptMessage> page,
                kept.newest(before, ask.max, std::max<std::size_t>(1, ask.bytes)));
    if (page.empty()) return out;
    looked_at += page.size();
    for (KeptMessage& each : page) {
      const bool wanted = (ask.protocol.empty() || each.protocol == ask.protocol) &&
                          (ask.to.empty() || each.endpoint == ask.to) &&
                          (ask.account.empty() || each.account.view() == ask.account);
      if (!wanted) {
        before = each.number;
        continue;
      }
      hosting::OutboxMessage message{.number = each.number,
                                     .time_ms = each.time_ms,
                                     .protocol = std::move(each.protocol),
                                     .to = std::move(each.endpoint),
                                     .subject = std::move(each.subject),
                                     .body = std::move(each.body),
                                     .message_id = std::move(each.message_id),
                                     .topic_arn = std::move(each.topic_arn),
                                     .subscription_arn = std::move(each.subscription_arn)};
      bytes += hosting::bytes_of(message);
      const bool over = bytes > ask.bytes && !out.messages.empty();
      if (!over) {
        before = each.number;
        out.messages.push_back(std::move(message));
      }
      if (!over && out.messages.size() < ask.max) continue;
      out.next = before;
      return out;
    }
  }
  out.next = before;
  return out;
}

}  // namespace lapwing::sns
