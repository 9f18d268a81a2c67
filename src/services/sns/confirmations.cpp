#include "services/sns/confirmations.hpp"

#include <chrono>

#include <fmt/core.h>

#include "services/sns/limits.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {

void give_token(Core& core, Subscription& subscription) {
  subscription.token = random_hex(*core.random, kTokenDigits);
  subscription.token_ends_ms =
      core.now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(kTokenFor).count();
}

Mail confirmation(Core& core, const Topic& topic, const Subscription& subscription) {
  Message message;
  message.id = make_uuid(*core.random);
  message.topic_arn = topic.arn();
  message.time_ms = core.now_ms();
  message.signature_version = topic.signature_version();
  message.token = subscription.token;
  message.to_protocol = subscription.protocol;
  message.to_endpoint = subscription.endpoint;
  message.base = subscription.base;
  if (subscription.gone()) {
    message.kind = MessageKind::kUnsubscribeConfirmation;
    message.text = fmt::format(
        "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore the "
        "subscription, visit the SubscribeURL included in this message.",
        subscription.arn());
  } else {
    message.kind = MessageKind::kSubscriptionConfirmation;
    message.text = fmt::format(
        "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the "
        "SubscribeURL included in this message.",
        message.topic_arn);
  }
  return core.mail().mail(std::move(message), {&subscription});
}

Status send_again(Core& core, const Subscription& made, const Subscription& wanted,
                  const Mail& mail) {
  if (!mail.empty() && made.id != wanted.id) {
    const auto sent =
        core.store().transact([&](store::Txn& txn) { return core.mail().accept(txn, mail); });
    if (!sent) return fail(store_failure(sent.error()));
  }
  core.mail().accepted(mail);
  return {};
}

}  // namespace lapwing::sns
