// A topic: what its record says. No messages, no wire, no store.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "services/sns/address.hpp"
#include "services/sns/limits.hpp"

namespace lapwing::sns {

struct Topic {
  aws::Scope scope;
  std::string name;
  // Never the same for two topics, even of one name: what is remembered of messages hangs on it.
  std::string place;
  std::int64_t created_ms = 0;
  std::int64_t subscriptions_deleted = 0;

  bool fifo = false;
  bool content_deduplication = false;
  bool deduplicate_by_group = false;  // FifoThroughputScope MessageGroup
  // What callers have set besides, as they gave it: "DisplayName", "Policy", "DeliveryPolicy",
  // "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "MaximumMessageSize",
  // "FifoThroughputScope".
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> tags;

  TopicAddress address() const { return {scope, name}; }
  std::string key() const { return address().key(); }
  std::string arn() const { return address().arn(); }
  // Empty where nothing is set.
  std::string_view attribute(std::string_view which) const {
    const auto found = attributes.find(std::string(which));
    return found == attributes.end() ? std::string_view() : std::string_view(found->second);
  }
  std::size_t message_bytes_max() const;
  // 1 or 2.
  int signature_version() const { return attribute("SignatureVersion") == "2" ? 2 : 1; }
};

using TopicPtr = std::shared_ptr<const Topic>;

}  // namespace lapwing::sns
