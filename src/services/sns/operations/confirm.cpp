#include "services/sns/operations/confirm.hpp"

#include <algorithm>
#include <utility>

#include "gen/sns/errors.hpp"
#include "services/sns/confirmations.hpp"
#include "services/sns/topic_attributes.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

constexpr std::size_t kTokenDigitsMin = 200;

bool is_token(std::string_view text) {
  return text.size() >= kTokenDigitsMin && text.size() <= kTokenDigits * 2 &&
         std::ranges::all_of(
             text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Of what a link brings back, where its endpoint was subscribed again meanwhile: that one counts.
SubscriptionPtr replaced(Core& core, const Subscription& gone) {
  return core.catalog().find_endpoint(gone.topic, gone.protocol, gone.endpoint);
}

// Of those whom a link may end.
Status check_link(const Subscription& subscription) {
  if (!subscription.authenticate_on_unsubscribe) return {};
  return fail(gen::sns::errors::authorization_error(
      "The subscription can only be ended by a request that its owner signed"));
}

}  // namespace

// The token alone decides: a topic of another name still confirms.
Result<gen::sns::ConfirmSubscriptionResponse> confirm_subscription(
    Core& core, const aws::Call& call, const gen::sns::ConfirmSubscriptionInput& in) {
  const auto topic = read_topic_arn(in.topic_arn);
  const bool other_region =
      topic && !is_unsigned(call) && topic->scope.region != call.caller.region;
  if (!topic || other_region) return fail(invalid("Topic"));
  if (!is_token(in.token)) return fail(invalid("Token"));
  bool authenticate = false;
  if (in.authenticate_on_unsubscribe && !in.authenticate_on_unsubscribe->empty() &&
      !parse_flag(*in.authenticate_on_unsubscribe, authenticate)) {
    return fail(invalid("AuthenticateOnUnsubscribe"));
  }
  const SubscriptionPtr found = core.catalog().find_by_token(in.token);
  if (found == nullptr || found->token_ends_ms <= core.now_ms()) {
    return fail(gen::sns::errors::invalid_parameter("Invalid token"));
  }
  LAPWING_TRY(
      const SubscriptionPtr confirmed,
      core.catalog().change(
          found->address(), [&](const Topic&, SubscriptionPtr there) -> Result<SubscriptionPtr> {
            if (there == nullptr || there->token != in.token) {
              return fail(gen::sns::errors::invalid_parameter("Invalid token"));
            }
            if (there->confirmed()) return there;
            if (there->gone()) {
              if (SubscriptionPtr other = replaced(core, *there)) return other;
            }
            auto after = std::make_shared<Subscription>(*there);
            after->state = SubscriptionState::kConfirmed;
            after->authenticated = !is_unsigned(call);
            after->authenticate_on_unsubscribe = authenticate && !is_unsigned(call);
            return SubscriptionPtr(std::move(after));
          }));
  return gen::sns::ConfirmSubscriptionResponse{.subscription_arn = confirmed->arn()};
}

Result<aws::Empty> unsubscribe(Core& core, const aws::Call& call,
                               const gen::sns::UnsubscribeInput& in) {
  const bool by_link = is_unsigned(call);
  LAPWING_TRY(const SubscriptionAddress address,
              by_link ? parse_any_subscription(in.subscription_arn)
                      : parse_subscription(call, in.subscription_arn));
  Mail mail;
  const auto end = [&](const Topic& topic, SubscriptionPtr there) -> Result<SubscriptionPtr> {
    if (there == nullptr || there->gone()) return there;
    if (there->pending()) {
      return fail(
          invalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending "
                  "confirmation"));
    }
    if (!by_link) return SubscriptionPtr();
    LAPWING_CHECK(check_link(*there));
    if (!there->http() && !is_kept(there->protocol)) return SubscriptionPtr();
    // Whose endpoint it is, is told, and can take it back.
    auto after = std::make_shared<Subscription>(*there);
    after->state = SubscriptionState::kUnsubscribed;
    give_token(core, *after);
    mail = confirmation(core, topic, *after);
    return SubscriptionPtr(std::move(after));
  };
  const auto ended = core.catalog().change(address, end, [&](store::Txn& txn, const Subscription*) {
    return core.mail().accept(txn, mail);
  });
  if (!ended) {
    // What is not there has ended.
    if (ended.error().kind() == ErrorKind::kNotFound) return aws::Empty();
    return fail(ended.error());
  }
  core.mail().accepted(mail);
  if (*ended != nullptr) {
    core.token_given();
  } else {
    core.forget(address);
  }
  return aws::Empty();
}

}  // namespace lapwing::sns
