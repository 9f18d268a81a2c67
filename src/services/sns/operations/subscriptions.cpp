#include "services/sns/operations/subscriptions.hpp"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/sns/errors.hpp"
#include "services/sns/confirmations.hpp"
#include "services/sns/endpoint.hpp"
#include "services/sns/pages.hpp"
#include "services/sns/prepare.hpp"
#include "services/sns/subscription_attributes.hpp"
#include "services/sns/tables.hpp"
#include "services/sns/topic_change.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

constexpr std::string_view kPendingArn = "pending confirmation";

Status check_application(Core& core, std::string_view endpoint) {
  const auto missing = [&] {
    return fail(
        invalid(fmt::format("Endpoint Reason: Endpoint does not exist for endpoint {}", endpoint)));
  };
  const auto arn = aws::Arn::parse(endpoint);
  if (!arn || arn->resource_type() != "endpoint") return missing();
  const std::string key = resources::scoped_key({arn->account, arn->region}, arn->resource_id());
  bool there = false;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto found, Endpoints::find(reader, key));
    there = found.has_value();
    return {};
  }));
  return there ? Status() : missing();
}

Status check_room(Core& core, const Topic& topic, const Subscription& wanted) {
  const TopicAddress address = topic.address();
  const SubscriptionCounts counts = core.catalog().counts(address);
  const std::size_t most = topic.fifo ? kFifoSubscriptionsMax : kSubscriptionsMax;
  if (counts.confirmed + counts.pending >= most) {
    return fail(gen::sns::errors::subscription_limit_exceeded(
        fmt::format("Subscription limit of {} is exceeded", most)));
  }
  if (topic.message_bytes_max() > kMessageBytesDefault &&
      (!takes_large_messages(wanted.protocol) ||
       counts.confirmed + counts.pending >= kLargeSubscriptionsMax)) {
    return fail(invalid(large_messages_refused()));
  }
  return {};
}

// One that had none has one more.
Status check_filters(Core& core, const TopicAddress& topic, const Subscription* before,
                     const Subscription& after) {
  const bool more = after.pattern != nullptr && (before == nullptr || before->pattern == nullptr);
  if (!more || core.catalog().filters(topic) < kFilterPoliciesMax) return {};
  return fail(gen::sns::errors::filter_policy_limit_exceeded(
      fmt::format("Filter policy limit of {} is exceeded", kFilterPoliciesMax)));
}

Result<Subscription> read_subscription(Core& core, const aws::Call& call, const Topic& topic,
                                       const gen::sns::SubscribeInput& in) {
  Subscription out;
  out.topic = topic.address();
  out.protocol = in.protocol;
  out.endpoint = in.endpoint.value_or("");
  LAPWING_CHECK(check_endpoint(topic, out.protocol, out.endpoint));
  if (out.protocol == "application") LAPWING_CHECK(check_application(core, out.endpoint));
  LAPWING_CHECK(
      apply_subscription_attributes(out, in.attributes.value_or(Attributes()), kInSubscribe));
  if (out.protocol == "firehose" && out.role_arn.empty()) {
    return fail(invalid("Attributes Reason: SubscriptionRoleArn: no value for required parameter"));
  }
  out.id = make_uuid(*core.random);
  out.owner = call.caller.account.str();
  out.principal = call.caller.principal_arn;
  out.created_ms = core.now_ms();
  out.base = base_url(call, core.settings.url);
  if (confirms_itself(out, call.caller.account)) {
    out.state = SubscriptionState::kConfirmed;
    out.authenticated = true;
  }
  return out;
}

std::string shown_arn(const Subscription& subscription) {
  return subscription.pending() ? "PendingConfirmation" : subscription.arn();
}

template <class Out>
void fill_page(const resources::PageAsk& ask, std::vector<SubscriptionPtr> found, Out& out) {
  auto page = resources::cut_page(std::move(found), ask,
                                  [](const SubscriptionPtr& each) { return each->key(); });
  out.subscriptions.emplace();
  for (const SubscriptionPtr& each : page.items) {
    out.subscriptions->push_back({.endpoint = each->endpoint,
                                  .owner = each->owner,
                                  .protocol = each->protocol,
                                  .subscription_arn = shown_arn(*each),
                                  .topic_arn = each->topic.arn()});
  }
  out.next_token = std::move(page.next);
}

}  // namespace

Result<gen::sns::SubscribeResponse> subscribe(Core& core, const aws::Call& call,
                                              const gen::sns::SubscribeInput& in) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, in.topic_arn));
  LAPWING_TRY(const TopicPtr topic, core.catalog().get(address));
  LAPWING_TRY(Subscription wanted, read_subscription(core, call, *topic, in));
  const Attributes given = in.attributes.value_or(Attributes());
  // Before there is one to whom something is signed.
  if (gets_signatures(wanted.protocol)) LAPWING_CHECK(core.signer().prepare());
  Mail mail;
  const auto make = [&](const Topic& of, SubscriptionPtr) -> Result<SubscriptionPtr> {
    SubscriptionPtr there = core.catalog().find_endpoint(address, wanted.protocol, wanted.endpoint);
    if (there != nullptr) {
      if (!has_attributes(*there, wanted, given)) {
        return fail(
            invalid("Attributes Reason: Subscription already exists with different attributes"));
      }
      // One that waits is asked again, with the token that it has.
      if (there->pending()) mail = confirmation(core, of, *there);
      return there;
    }
    LAPWING_CHECK(check_room(core, of, wanted));
    LAPWING_CHECK(check_filters(core, address, nullptr, wanted));
    if (wanted.pending()) {
      give_token(core, wanted);
      mail = confirmation(core, of, wanted);
    }
    return std::make_shared<const Subscription>(wanted);
  };
  LAPWING_TRY(
      const SubscriptionPtr made,
      core.catalog().change(wanted.address(), make, [&](store::Txn& txn, const Subscription*) {
        return core.mail().accept(txn, mail);
      }));
  LAPWING_CHECK(send_again(core, *made, wanted, mail));
  if (made->pending()) core.token_given();
  const bool shown = !made->pending() || in.return_subscription_arn.value_or(false);
  return gen::sns::SubscribeResponse{.subscription_arn =
                                         shown ? made->arn() : std::string(kPendingArn)};
}

Result<gen::sns::GetSubscriptionAttributesResponse> get_subscription_attributes(
    Core& core, const aws::Call& call, const gen::sns::GetSubscriptionAttributesInput& in) {
  LAPWING_TRY(const SubscriptionAddress address, parse_subscription(call, in.subscription_arn));
  const SubscriptionPtr found = core.catalog().find(address);
  const TopicPtr topic = core.catalog().find(address.topic);
  if (found == nullptr || found->gone() || topic == nullptr) return fail(no_such_subscription());
  return gen::sns::GetSubscriptionAttributesResponse{.attributes =
                                                         subscription_attributes(*found, *topic)};
}

Result<aws::Empty> set_subscription_attributes(Core& core, const aws::Call& call,
                                               const gen::sns::SetSubscriptionAttributesInput& in) {
  LAPWING_TRY(const SubscriptionAddress address, parse_subscription(call, in.subscription_arn));
  const auto changed = core.catalog().change(
      address, [&](const Topic&, SubscriptionPtr there) -> Result<SubscriptionPtr> {
        if (there == nullptr || there->gone()) return fail(no_such_subscription());
        auto after = std::make_shared<Subscription>(*there);
        LAPWING_CHECK(set_subscription_attribute(*after, in.attribute_name, in.attribute_value,
                                                 kInSetAttributes));
        LAPWING_CHECK(check_filters(core, address.topic, there.get(), *after));
        return SubscriptionPtr(std::move(after));
      });
  if (!changed && core.catalog().find(address.topic) == nullptr) {
    return fail(no_such_subscription());
  }
  if (!changed) return fail(changed.error());
  return aws::Empty();
}

Result<gen::sns::ListSubscriptionsResponse> list_subscriptions(
    Core& core, const aws::Call& call, const gen::sns::ListSubscriptionsInput& in) {
  LAPWING_TRY(const auto ask, page_asked("sns.ListSubscriptions", in.next_token));
  gen::sns::ListSubscriptionsResponse out;
  fill_page(ask,
            core.catalog().subscriptions(aws::scope_of(call.caller), "", ask.after, ask.limit + 1),
            out);
  return out;
}

Result<gen::sns::ListSubscriptionsByTopicResponse> list_subscriptions_by_topic(
    Core& core, const aws::Call& call, const gen::sns::ListSubscriptionsByTopicInput& in) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, in.topic_arn));
  LAPWING_CHECK(core.catalog().get(address));
  LAPWING_TRY(const auto ask,
              page_asked("sns.ListSubscriptionsByTopic " + address.arn(), in.next_token));
  gen::sns::ListSubscriptionsByTopicResponse out;
  fill_page(ask,
            core.catalog().subscriptions(address.scope, address.name, ask.after, ask.limit + 1),
            out);
  return out;
}

}  // namespace lapwing::sns
