#include "services/sqs/attributes.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "gen/sqs/errors.hpp"
#include "services/sqs/policy.hpp"
#include "services/sqs/redrive.hpp"
#include "text/decimal.hpp"

namespace lapwing::sqs {
namespace {

namespace errors = gen::sqs::errors;

struct Number {
  std::string_view name;
  std::int32_t Queue::* member;
  std::int32_t min;
  std::int32_t max;
};
constexpr Number kNumbers[] = {
    {"DelaySeconds", &Queue::delay_s, 0, kDelaySecondsMax},
    {"MaximumMessageSize", &Queue::message_bytes_max, kMessageBytesMin, kMessageBytesMax},
    {"MessageRetentionPeriod", &Queue::retention_s, kRetentionSecondsMin, kRetentionSecondsMax},
    {"ReceiveMessageWaitTimeSeconds", &Queue::wait_s, 0, kWaitSecondsMax},
    {"VisibilityTimeout", &Queue::visibility_s, 0, kVisibilitySecondsMax},
};

// Shown by every queue, and by FIFO queues.
constexpr std::string_view kAlways[] = {"ApproximateNumberOfMessages",
                                        "ApproximateNumberOfMessagesDelayed",
                                        "ApproximateNumberOfMessagesNotVisible",
                                        "CreatedTimestamp",
                                        "DelaySeconds",
                                        "LastModifiedTimestamp",
                                        "MaximumMessageSize",
                                        "MessageRetentionPeriod",
                                        "QueueArn",
                                        "ReceiveMessageWaitTimeSeconds",
                                        "SqsManagedSseEnabled",
                                        "VisibilityTimeout"};
constexpr std::string_view kFifo[] = {"ContentBasedDeduplication", "DeduplicationScope",
                                      "FifoQueue", "FifoThroughputLimit"};
constexpr std::string_view kWhereSet[] = {"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds",
                                          "Policy", "RedriveAllowPolicy", "RedrivePolicy"};

bool holds(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Error unknown(std::string_view name) {
  return errors::invalid_attribute_name(fmt::format("Unknown Attribute {}.", name.substr(0, 256)));
}
Error invalid(std::string_view name) {
  return errors::invalid_attribute_value(fmt::format("Invalid value for the parameter {}.", name));
}

Status set_number(std::int32_t& member, std::string_view name, std::string_view text,
                  std::int32_t min, std::int32_t max) {
  const auto value = text::integer_of(text);
  if (!value || *value < min || *value > max) return fail(invalid(name));
  member = static_cast<std::int32_t>(*value);
  return {};
}

Result<bool> parse_flag(std::string_view name, std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return fail(invalid(name));
}

// One of two texts: whether it is the second.
Result<bool> parse_choice(std::string_view name, std::string_view text, std::string_view first,
                          std::string_view second) {
  if (text != first && text != second) return fail(invalid(name));
  return text == second;
}

Status set_fifo(Queue& queue, std::string_view name, const std::string& value, bool creating) {
  if (name == "FifoQueue") {
    if (!creating && !queue.fifo) return fail(unknown(name));
    LAPWING_TRY(const bool fifo, parse_flag(name, value));
    if (fifo == queue.fifo && fifo) return {};
    if (!creating) {
      return fail(errors::invalid_attribute_value(
          "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not "
          "supported."));
    }
    return fail(unknown(name));
  }
  if (!queue.fifo) {
    if (name == "ContentBasedDeduplication") return fail(unknown(name));
    return fail(errors::invalid_attribute_name(
        fmt::format("You can specify the {} only when FifoQueue is set to true.", name)));
  }
  if (name == "ContentBasedDeduplication") {
    LAPWING_TRY(queue.content_deduplication, parse_flag(name, value));
  } else if (name == "DeduplicationScope") {
    LAPWING_TRY(queue.deduplicate_by_group, parse_choice(name, value, "queue", "messageGroup"));
  } else {
    LAPWING_TRY(queue.limit_by_group, parse_choice(name, value, "perQueue", "perMessageGroupId"));
  }
  return {};
}

// The key that needs none of ours: encrypting with it changes nothing that a caller can see.
bool is_managed_key(std::string_view key) {
  return key == "alias/aws/sqs" || (key.starts_with("arn:") && key.ends_with(":alias/aws/sqs"));
}

Status set_kms(Queue& queue, const Attributes& given, bool creating) {
  const auto key = given.find("KmsMasterKeyId");
  if (key != given.end()) {
    if (!key->second.empty() && !is_managed_key(key->second)) {
      return fail(aws::unsupported("sqs", creating ? "CreateQueue" : "SetQueueAttributes",
                                   "KmsMasterKeyId (keys other than alias/aws/sqs)"));
    }
    queue.kms_key = key->second;
    if (!queue.kms_key.empty()) queue.managed_sse = false;
  }
  if (const auto reuse = given.find("KmsDataKeyReusePeriodSeconds"); reuse != given.end()) {
    LAPWING_CHECK(set_number(queue.kms_reuse_s, reuse->first, reuse->second, kKeyReuseSecondsMin,
                             kKeyReuseSecondsMax));
  }
  if (const auto managed = given.find("SqsManagedSseEnabled"); managed != given.end()) {
    LAPWING_TRY(queue.managed_sse, parse_flag(managed->first, managed->second));
    if (queue.managed_sse && !queue.kms_key.empty()) {
      return fail(errors::invalid_attribute_name(
          "You can use one type of server-side encryption (SSE) at one time. You can either enable "
          "KMS SSE or SQS SSE."));
    }
  }
  return {};
}

Status set_one(Queue& queue, const std::string& name, const std::string& value, bool creating,
               const Catalog& catalog) {
  for (const Number& number : kNumbers) {
    if (name == number.name) {
      return set_number(queue.*number.member, name, value, number.min, number.max);
    }
  }
  if (holds(kFifo, name)) return set_fifo(queue, name, value, creating);
  if (name == "RedrivePolicy") return set_redrive(queue, value, catalog);
  if (name == "RedriveAllowPolicy") return set_redrive_allow(queue, value);
  if (name == "Policy") {
    LAPWING_CHECK(check_policy(value));
    queue.policy = value;
    return {};
  }
  if (name == "KmsMasterKeyId" || name == "KmsDataKeyReusePeriodSeconds" ||
      name == "SqsManagedSseEnabled") {
    return {};  // set_kms
  }
  return fail(unknown(name));
}

std::string flag_text(bool flag) { return flag ? "true" : "false"; }

std::string counted(const Queue& queue, std::string_view name, const store::QueueStats& counts) {
  if (name == "ApproximateNumberOfMessages") return std::to_string(counts.visible);
  if (name == "ApproximateNumberOfMessagesDelayed") return std::to_string(counts.delayed);
  if (name == "ApproximateNumberOfMessagesNotVisible") return std::to_string(counts.in_flight);
  if (name == "CreatedTimestamp") return std::to_string(queue.created_ms / 1000);
  if (name == "LastModifiedTimestamp") return std::to_string(queue.modified_ms / 1000);
  if (name == "QueueArn") return queue.arn();
  return attribute_text(queue, name);
}

}  // namespace

Status apply_attributes(Queue& queue, const Attributes& given, bool creating,
                        const Catalog& catalog) {
  for (const auto& [name, value] : given) {
    LAPWING_CHECK(set_one(queue, name, value, creating, catalog));
  }
  LAPWING_CHECK(set_kms(queue, given, creating));
  if (queue.limit_by_group && !queue.deduplicate_by_group) {
    return fail(errors::invalid_attribute_value(
        "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value "
        "is allowed only when the value for DeduplicationScope is messageGroup."));
  }
  return {};
}

std::string attribute_text(const Queue& queue, std::string_view name) {
  for (const Number& number : kNumbers) {
    if (name == number.name) return std::to_string(queue.*number.member);
  }
  if (name == "SqsManagedSseEnabled") return flag_text(queue.managed_sse);
  if (name == "RedrivePolicy") return queue.redrive ? queue.redrive->text() : std::string();
  if (name == "RedriveAllowPolicy") return queue.redrive_allow_policy;
  if (name == "Policy") return queue.policy;
  if (name == "KmsMasterKeyId") return queue.kms_key;
  if (name == "KmsDataKeyReusePeriodSeconds") {
    // Their defaults are not shown.
    const bool shown = !queue.kms_key.empty() || queue.kms_reuse_s != kKeyReuseSecondsDefault;
    return shown ? std::to_string(queue.kms_reuse_s) : std::string();
  }
  if (!queue.fifo) return {};
  if (name == "FifoQueue") return "true";
  if (name == "ContentBasedDeduplication") return flag_text(queue.content_deduplication);
  if (name == "DeduplicationScope") return queue.deduplicate_by_group ? "messageGroup" : "queue";
  if (name == "FifoThroughputLimit") {
    return queue.limit_by_group ? "perMessageGroupId" : "perQueue";
  }
  return {};
}

Result<Attributes> list_attributes(const Queue& queue, const std::vector<std::string>& names,
                                   const store::QueueStats& counts) {
  Attributes out;
  const auto put = [&](std::string_view name) {
    std::string text = counted(queue, name, counts);
    if (!text.empty()) out.insert_or_assign(std::string(name), std::move(text));
  };
  for (const std::string& name : names) {
    const bool known = holds(kAlways, name) || holds(kFifo, name) || holds(kWhereSet, name);
    if (!known && name != "All") return fail(unknown(name));
    if (name != "All") {
      put(name);
      continue;
    }
    for (const std::string_view each : kAlways) put(each);
    for (const std::string_view each : kFifo) put(each);
    for (const std::string_view each : kWhereSet) put(each);
  }
  return out;
}

}  // namespace lapwing::sqs
