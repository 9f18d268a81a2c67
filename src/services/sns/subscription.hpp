// A subscription: what its record says, and what is made of it when it is read.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "patterns/pattern.hpp"
#include "services/sns/address.hpp"

namespace lapwing::sns {

// Their numbers are kept.
enum class SubscriptionState : std::uint8_t {
  kPending = 0,  // waits for its token
  kConfirmed = 1,
  kUnsubscribed = 2,  // by a link, without a signature: its token brings it back
};

struct Subscription {
  TopicAddress topic;
  std::string id;
  std::string owner;  // an account
  std::string protocol;
  std::string endpoint;
  std::string principal;  // who subscribed
  SubscriptionState state = SubscriptionState::kPending;
  bool authenticated = false;  // the confirmation was signed, or not needed
  bool authenticate_on_unsubscribe = false;
  bool raw = false;
  bool filter_body = false;  // FilterPolicyScope MessageBody
  std::string filter_policy;
  std::string redrive_policy;
  std::string dead_letter_arn;
  std::string role_arn;
  std::string delivery_policy;
  std::string base;  // the endpoint's URL as the subscriber addressed us
  std::string token;
  std::int64_t token_ends_ms = 0;
  std::int64_t created_ms = 0;

  // Of the filter policy; null: everything matches.
  std::shared_ptr<const patterns::Pattern> pattern;

  SubscriptionAddress address() const { return {topic, id}; }
  std::string key() const { return address().key(); }
  std::string arn() const { return address().arn(); }
  bool confirmed() const { return state == SubscriptionState::kConfirmed; }
  bool pending() const { return state == SubscriptionState::kPending; }
  bool gone() const { return state == SubscriptionState::kUnsubscribed; }
  bool http() const { return protocol == "http" || protocol == "https"; }
};

using SubscriptionPtr = std::shared_ptr<const Subscription>;

}  // namespace lapwing::sns
