// The records of SNS, in its space.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "resources/table.hpp"
#include "services/sns/platform.hpp"
#include "services/sns/subscription.hpp"
#include "services/sns/text_messages.hpp"
#include "services/sns/topic.hpp"

namespace lapwing::sns {

struct TopicTable {
  using Record = Topic;
  static constexpr std::string_view kKind = "sns.topic";
  static constexpr int kFormat = 1;

  static std::string key(const Topic& topic) { return topic.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& topic) {
    resources::scope_fields(f, topic.scope);
    f("name", topic.name);
    f("place", topic.place);
    f("created", topic.created_ms);
    f("subscriptions_deleted", topic.subscriptions_deleted);
    f("fifo", topic.fifo);
    f("content_deduplication", topic.content_deduplication);
    f("deduplicate_by_group", topic.deduplicate_by_group);
    f("attributes", topic.attributes);
    f("tags", topic.tags);
  }
};
using Topics = resources::Table<TopicTable>;

struct SubscriptionTable {
  using Record = Subscription;
  static constexpr std::string_view kKind = "sns.subscription";
  static constexpr int kFormat = 1;

  static std::string key(const Subscription& subscription) { return subscription.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& subscription) {
    resources::scope_fields(f, subscription.topic.scope);
    f("topic", subscription.topic.name);
    f("id", subscription.id);
    f("owner", subscription.owner);
    f("protocol", subscription.protocol);
    f("endpoint", subscription.endpoint);
    f("principal", subscription.principal);
    f("state", subscription.state);
    f("authenticated", subscription.authenticated);
    f("authenticate_on_unsubscribe", subscription.authenticate_on_unsubscribe);
    f("raw", subscription.raw);
    f("filter_body", subscription.filter_body);
    f("filter_policy", subscription.filter_policy);
    f("redrive_policy", subscription.redrive_policy);
    f("dead_letter", subscription.dead_letter_arn);
    f("role", subscription.role_arn);
    f("delivery_policy", subscription.delivery_policy);
    f("base", subscription.base);
    f("token", subscription.token);
    f("token_ends", subscription.token_ends_ms);
    f("created", subscription.created_ms);
  }
};
using Subscriptions = resources::Table<SubscriptionTable>;

// A topic that was deleted while records of its subscriptions are left.
struct Removal {
  TopicAddress topic;
};

struct RemovalTable {
  using Record = Removal;
  static constexpr std::string_view kKind = "sns.removal";
  static constexpr int kFormat = 1;

  static std::string key(const Removal& removal) { return removal.topic.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& removal) {
    resources::scope_fields(f, removal.topic.scope);
    f("name", removal.topic.name);
  }
};
using Removals = resources::Table<RemovalTable>;

// A message that a topic has taken: the same deduplication id of a FIFO topic's, or the same parcel
// of a sender's, again answers it, for kDeduplicatedFor.
struct Taken {
  std::string id;  // place, scope and deduplication id, or the parcel's
  std::string message_id;
  std::uint64_t sequence = 0;
  std::int64_t ends_ms = 0;
};

struct TakenTable {
  using Record = Taken;
  static constexpr std::string_view kKind = "sns.taken";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kEnds = "ends";  // an index; terms in the order of time

  static std::string key(const Taken& taken) { return taken.id; }
  static std::string term(std::int64_t ends_ms) { return fmt::format("{:016}", ends_ms); }
  static void terms(const Taken& taken, resources::Terms& terms) {
    terms.push_back({std::string(kEnds), term(taken.ends_ms)});
  }

  template <class Fields, class R>
  static void fields(Fields& f, R& taken) {
    f("id", taken.id);
    f("message", taken.message_id);
    f("sequence", taken.sequence);
    f("ends", taken.ends_ms);
  }
};
using TakenMessages = resources::Table<TakenTable>;

// The last sequence number of a FIFO topic.
struct Sequence {
  std::string place;
  std::uint64_t last = 0;
};

struct SequenceTable {
  using Record = Sequence;
  static constexpr std::string_view kKind = "sns.sequence";
  static constexpr int kFormat = 1;

  static std::string key(const Sequence& sequence) { return sequence.place; }

  template <class Fields, class R>
  static void fields(Fields& f, R& sequence) {
    f("place", sequence.place);
    f("last", sequence.last);
  }
};
using Sequences = resources::Table<SequenceTable>;

// What messages of a region are signed with.
struct SigningKey {
  std::string region;
  std::string sealed;  // the private key
  std::string certificate;
};

struct SigningKeyTable {
  using Record = SigningKey;
  static constexpr std::string_view kKind = "sns.signing_key";
  static constexpr int kFormat = 1;

  static std::string key(const SigningKey& key) { return key.region; }

  template <class Fields, class R>
  static void fields(Fields& f, R& key) {
    f("region", key.region);
    f("sealed", key.sealed);
    f("certificate", key.certificate);
  }
};
using SigningKeys = resources::Table<SigningKeyTable>;

struct ApplicationTable {
  using Record = PlatformApplication;
  static constexpr std::string_view kKind = "sns.application";
  static constexpr int kFormat = 1;

  static std::string key(const PlatformApplication& application) { return application.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& application) {
    resources::scope_fields(f, application.scope);
    f("platform", application.platform);
    f("name", application.name);
    f("attributes", application.attributes);
  }
};
using Applications = resources::Table<ApplicationTable>;

struct EndpointTable {
  using Record = PlatformEndpoint;
  static constexpr std::string_view kKind = "sns.endpoint";
  static constexpr int kFormat = 1;

  static std::string key(const PlatformEndpoint& endpoint) { return endpoint.key(); }
  static void terms(const PlatformEndpoint& endpoint, resources::Terms& terms) {
    terms.push_back({"token", endpoint.token_term()});
  }

  template <class Fields, class R>
  static void fields(Fields& f, R& endpoint) {
    resources::scope_fields(f, endpoint.scope);
    f("platform", endpoint.platform);
    f("application", endpoint.application);
    f("id", endpoint.id);
    f("attributes", endpoint.attributes);
  }
};
using Endpoints = resources::Table<EndpointTable>;

struct TextMessagesTable {
  using Record = TextMessages;
  static constexpr std::string_view kKind = "sns.text_messages";
  static constexpr int kFormat = 1;

  static std::string key(const TextMessages& settings) {
    return resources::scoped_key(settings.scope, "");
  }

  template <class Fields, class R>
  static void fields(Fields& f, R& settings) {
    resources::scope_fields(f, settings.scope);
    f("attributes", settings.attributes);
    f("opted_out", settings.opted_out);
    f("sandbox", settings.sandbox);
  }
};
using TextMessageSettings = resources::Table<TextMessagesTable>;

}  // namespace lapwing::sns
