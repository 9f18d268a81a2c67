#include "services/sns/outgoing_mail.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "services/sns/delivery_policy.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/notification.hpp"

namespace lapwing::sns {
namespace {

using delivery::Backoff;
using delivery::RetryPhase;
using delivery::RetryPolicy;
using std::chrono::seconds;

constexpr double kJitter = 0.2;

// AWS's own services, whose endpoints a policy cannot change: 100,015 attempts in 23 days.
RetryPolicy service_retries() {
  return RetryPolicy(
      {{.attempts = 3},
       {.attempts = 2, .first = seconds(1), .last = seconds(1)},
       {.attempts = 10, .first = seconds(1), .last = seconds(20), .backoff = Backoff::kExponential},
       {.attempts = 100'000, .first = seconds(20), .last = seconds(20)}},
      Duration::zero(), kJitter);
}

Backoff backoff_of(std::string_view name) {
  if (name == "arithmetic") return Backoff::kArithmetic;
  if (name == "geometric") return Backoff::kGeometric;
  return name == "exponential" ? Backoff::kExponential : Backoff::kLinear;
}

// 50 attempts in six hours.
RetryPolicy mail_retries() {
  return RetryPolicy({{.attempts = 2, .first = seconds(10), .last = seconds(10)},
                      {.attempts = 10,
                       .first = seconds(10),
                       .last = seconds(600),
                       .backoff = Backoff::kExponential},
                      {.attempts = 38, .first = seconds(600), .last = seconds(600)}},
                     Duration::zero(), kJitter);
}

RetryPolicy http_retries(const HealthyRetryPolicy& policy) {
  const auto count = [](std::int64_t number) { return static_cast<std::uint32_t>(number); };
  const seconds least(policy.min_delay_s);
  const seconds most(policy.max_delay_s);
  const std::int64_t between = policy.retries - policy.no_delay_retries - policy.min_delay_retries -
                               policy.max_delay_retries;
  return RetryPolicy({{.attempts = count(policy.no_delay_retries)},
                      {.attempts = count(policy.min_delay_retries), .first = least, .last = least},
                      {.attempts = count(between),
                       .first = least,
                       .last = most,
                       .backoff = backoff_of(policy.backoff)},
                      {.attempts = count(policy.max_delay_retries), .first = most, .last = most}},
                     Duration::zero(), 0);
}

// A queue gets a raw message's attributes as its own.
void put_attributes(const Message& message, ports::Parcel& parcel) {
  for (const MessageAttribute& attribute : message.attributes) {
    parcel.attributes.push_back({attribute.name, attribute.type, attribute.value});
  }
}

// FIFO queues get both ids; standard ones the group, from a standard topic.
void put_order(const Message& message, ports::Parcel& parcel) {
  const bool fifo_target = is_fifo_name(parcel.target);
  if (fifo_target) parcel.deduplication_id = message.deduplication_id;
  if (fifo_target || !message.fifo()) parcel.group = message.group;
}

// How many a posting of this event may have: all of it is one message of the store's queue.
std::size_t addressees_of(const delivery::Posting& posting) {
  const std::size_t taken = posting.event.size() + 2 * kTraceBytesMax;
  const std::size_t left =
      delivery::kPostingBytesMax > taken ? delivery::kPostingBytesMax - taken : 0;
  return std::clamp<std::size_t>(left / delivery::kAddresseeBytesMax, 1,
                                 delivery::kAddresseesOfPosting);
}

ports::OnBehalf on_behalf(const Message& message, const Subscription& subscription) {
  return {.service = "sns.amazonaws.com",
          .source_arn = message.topic_arn,
          .source_account = subscription.topic.scope.account,
          .role_arn = {}};
}

}  // namespace

Mail OutgoingMail::mail(Message message, const std::vector<const Subscription*>& to) {
  Mail out;
  std::size_t kept_bytes = 0;
  for (const Subscription* const subscription : to) {
    const bool leaves = mail_leaves_ && is_mail(subscription->protocol);
    if (leaves) out.addressees.push_back(subscription->arn());
    if (is_kept(subscription->protocol)) {
      if (out.kept.size() == kKeptOfMessage || kept_bytes >= kKeptOfMessageBytes) continue;
      out.kept.push_back(kept_for(message, *subscription, signer_));
      kept_bytes += out.kept.back().body.size();
    } else {
      out.addressees.push_back(subscription->arn());
    }
  }
  out.message = std::move(message);
  return out;
}

Status OutgoingMail::accept(store::Txn& txn, const Mail& mail) {
  LAPWING_CHECK(kept_.add(txn, mail.kept));
  if (mail.addressees.empty() || outbox_ == nullptr) return {};
  const Message& message = mail.message;
  delivery::Posting posting{.id = message.id,
                            .event = encode(message),
                            .addressees = {},
                            .trace = message.trace,
                            .accepted_ms = message.time_ms};
  // Groups are of one topic.
  if (message.fifo()) posting.group = fmt::format("{} {}", message.topic_arn, message.group);
  const std::size_t at_once = addressees_of(posting);
  for (std::size_t at = 0; at < mail.addressees.size(); at += at_once) {
    if (at != 0) posting.id = fmt::format("{}:{}", message.id, at);
    const auto begin = mail.addressees.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(at_once, mail.addressees.size() - at);
    posting.addressees.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    LAPWING_CHECK(outbox_->accept(txn, posting));
  }
  return {};
}

ports::Parcel OutgoingMail::parcel(const Message& message, const Subscription& subscription,
                                   std::string_view content_type) {
  ports::Parcel out;
  out.target = subscription.endpoint;
  out.as = on_behalf(message, subscription);
  out.trace = message.trace;
  const bool raw = subscription.raw && message.kind == MessageKind::kNotification;
  if (subscription.protocol == "lambda") {
    out.body = lambda_event(message, subscription, signer_);
  } else if (is_mail(subscription.protocol)) {
    KeptMessage mail = kept_for(message, subscription, signer_);
    out.target = "mailto:" + subscription.endpoint;
    out.subject = std::move(mail.subject);
    out.body = std::move(mail.body);
  } else if (subscription.protocol == "firehose") {
    out.body = firehose_record(message, subscription);
    out.as.service = {};
    out.as.role_arn = subscription.role_arn;
  } else {
    out.body = raw ? message.text_for(subscription.protocol)
                   : notification(message, subscription, signer_);
  }
  if (subscription.protocol == "sqs") {
    if (raw) put_attributes(message, out);
    put_order(message, out);
  }
  if (subscription.http()) out.headers = http_headers(message, subscription, content_type);
  return out;
}

SubscriptionPtr OutgoingMail::receiver(const Message& message,
                                       const SubscriptionAddress& address) const {
  const SubscriptionPtr there = catalog_.find(address);
  if (message.kind == MessageKind::kNotification) {
    return there != nullptr && there->confirmed() ? there : nullptr;
  }
  // What has been confirmed is not asked for.
  const bool asks = message.kind == MessageKind::kSubscriptionConfirmation;
  if (asks && there != nullptr && there->confirmed()) return nullptr;
  auto out = std::make_shared<Subscription>();
  out->topic = address.topic;
  out->id = address.id;
  out->protocol = message.to_protocol;
  out->endpoint = message.to_endpoint;
  return out;
}

std::optional<delivery::Shipment> OutgoingMail::shipment(const delivery::Posting& posting,
                                                         std::string_view addressee) {
  const auto message = decode(posting.event);
  const auto address = parse_any_subscription(addressee);
  if (!message || !address) return std::nullopt;
  const TopicPtr topic = catalog_.find(address->topic);
  const SubscriptionPtr subscription = receiver(*message, *address);
  if (subscription == nullptr || topic == nullptr) return std::nullopt;
  delivery::Shipment out;
  if (!subscription->http()) {
    out.parcel = parcel(*message, *subscription, {});
    out.retry = is_mail(subscription->protocol) ? mail_retries() : service_retries();
    return out;
  }
  const DeliveryPolicy policy =
      effective_policy(topic->attribute("DeliveryPolicy"), subscription->delivery_policy);
  // A confirmation is text, whatever the messages are.
  const bool text = message->kind != MessageKind::kNotification;
  out.parcel =
      parcel(*message, *subscription, text ? DeliveryPolicy().content_type : policy.content_type);
  out.retry = http_retries(policy.retry);
  out.a_second_max = static_cast<double>(policy.max_receives_a_second.value_or(0));
  return out;
}

std::optional<ports::Parcel> OutgoingMail::dead_letter(const delivery::Posting& posting,
                                                       std::string_view addressee,
                                                       const delivery::Failure&) {
  const auto message = decode(posting.event);
  const auto address = parse_any_subscription(addressee);
  if (!message || !address || message->kind != MessageKind::kNotification) return std::nullopt;
  const SubscriptionPtr subscription = catalog_.find(*address);
  if (subscription == nullptr || subscription->dead_letter_arn.empty()) return std::nullopt;
  // As it would have been delivered to a queue.
  ports::Parcel out;
  out.target = subscription->dead_letter_arn;
  out.as = on_behalf(*message, *subscription);
  out.trace = message->trace;
  const bool raw = subscription->raw && subscription->protocol != "lambda";
  out.body = raw ? message->text_for(subscription->protocol)
                 : notification(*message, *subscription, signer_);
  if (raw) put_attributes(*message, out);
  put_order(*message, out);
  return out;
}

}  // namespace lapwing::sns
