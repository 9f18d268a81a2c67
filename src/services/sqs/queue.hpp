// A queue: what its record says. No messages, no wire, no store.
//
// Thread-safety: plain values; Live is shared by all versions of one queue.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/scope.hpp"
#include "policy/document.hpp"
#include "services/sqs/limits.hpp"

namespace lapwing::sqs {

// Where messages go that were received too often.
struct Redrive {
  std::string target_arn;
  std::int32_t receives_max = 0;

  // RedrivePolicy as SQS shows it, whatever it was given as: the count is a number.
  std::string text() const;

  template <class Fields, class R>
  static void fields(Fields& f, R& redrive) {
    f("target", redrive.target_arn);
    f("receives_max", redrive.receives_max);
  }
};

// Which queues may name this one as their dead-letter queue.
struct RedriveAllow {
  std::string permission;  // "allowAll", "denyAll", "byQueue"
  std::vector<std::string> sources;

  bool allows(std::string_view source_arn) const;

  template <class Fields, class R>
  static void fields(Fields& f, R& allow) {
    f("permission", allow.permission);
    f("sources", allow.sources);
  }
};

// What is only known while the server runs.
struct Live {
  std::atomic<bool> aging{false};  // Retention looks at it by itself
};

struct Queue {
  aws::Scope scope;
  std::string name;
  // The queue of the store that holds its messages: never the same for two queues, even of one
  // name.
  std::string place;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  std::int64_t purged_ms = 0;
  std::int64_t deleted_ms = 0;  // a tombstone where not 0

  std::int32_t delay_s = 0;
  std::int32_t message_bytes_max = kMessageBytesMax;
  std::int32_t retention_s = kRetentionSecondsDefault;
  std::int32_t wait_s = 0;
  std::int32_t visibility_s = kVisibilitySecondsDefault;
  bool fifo = false;
  bool content_deduplication = false;
  bool deduplicate_by_group = false;
  bool limit_by_group = false;
  std::optional<Redrive> redrive;
  std::optional<RedriveAllow> redrive_allow;
  std::string redrive_allow_policy;  // as it was given
  std::string policy;
  std::shared_ptr<const policy::Document> document;  // the policy, read; by the catalog
  std::string kms_key;
  std::int32_t kms_reuse_s = kKeyReuseSecondsDefault;
  bool managed_sse = true;
  std::map<std::string, std::string> tags;

  std::shared_ptr<Live> live;

  std::string key() const;
  std::string arn() const;
  bool deleted() const { return deleted_ms != 0; }
};

// What is left of a deleted queue whose name was given again: messages that were on their way to it
// end there, and are taken away when no more can come.
struct Grave {
  std::string place;
  std::int64_t deleted_ms = 0;
};

using QueuePtr = std::shared_ptr<const Queue>;

}  // namespace lapwing::sqs
