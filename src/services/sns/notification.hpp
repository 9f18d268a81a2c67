// A message as its subscribers see it: the Notification's JSON, Lambda's event, HTTP's headers, and
// what is signed of it.
//
// Source: the developer guide, "Message and JSON formats"; recorded answers: the order of members.
//
// Thread-safety: pure functions, but for the signer's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ports/destination.hpp"
#include "services/sns/message.hpp"
#include "services/sns/signer.hpp"
#include "services/sns/subscription.hpp"

namespace lapwing::sns {

// "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation".
std::string_view type_of(MessageKind kind);

// Where links in messages lead.
std::string subscribe_url(const Message& message);
std::string unsubscribe_url(const Message& message, std::string_view subscription_arn);
std::string certificate_url(const Message& message, std::string_view certificate_name);

std::string string_to_sign(const Message& message, std::string_view text);

// The JSON that queues, HTTP endpoints and dead-letter queues get.
std::string notification(const Message& message, const Subscription& subscription, Signer& signer);
std::string lambda_event(const Message& message, const Subscription& subscription, Signer& signer);
// Without a signature.
std::string firehose_record(const Message& message, const Subscription& subscription);
std::vector<ports::ParcelHeader> http_headers(const Message& message,
                                              const Subscription& subscription,
                                              std::string_view content_type);

}  // namespace lapwing::sns
