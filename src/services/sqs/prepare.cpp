#include "services/sqs/prepare.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "crypto/md5.hpp"
#include "crypto/sha256.hpp"
#include "gen/sqs/errors.hpp"
#include "services/sqs/limits.hpp"
#include "services/sqs/words.hpp"
#include "text/decimal.hpp"

namespace lapwing::sqs {
namespace {

namespace errors = gen::sqs::errors;

constexpr std::string_view kTraceHeader = "AWSTraceHeader";
constexpr std::string_view kWrongQueueType =
    "The request include parameter that is not valid for this queue type.";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Error invalid(std::string message) { return errors::invalid_parameter_value(std::move(message)); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_reserved(std::string_view name) {
  for (const std::string_view reserved : {"aws.", "amazon."}) {
    if (name.size() >= reserved.size() &&
        std::ranges::equal(name.substr(0, reserved.size()), reserved, {}, lower)) {
      return true;
    }
  }
  return false;
}

// Of an attribute's type or value.
Error invalid_characters(std::string_view name) {
  return invalid(
      fmt::format("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 "
                  "to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF. (Message attribute '{}')",
                  name));
}

Status check_name(std::string_view name) {
  if (name.empty() || name.size() > kAttributeNameBytesMax) {
    return fail(
        invalid(fmt::format("The length of message attribute name must be between 1 and {} "
                            "bytes.",
                            kAttributeNameBytesMax)));
  }
  // Letters beyond ASCII have been seen to be accepted.
  const auto fits = [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  if (!std::ranges::all_of(name, fits) || !is_message_text(name) || name.front() == '.' ||
      name.back() == '.' || name.find("..") != std::string_view::npos) {
    return fail(
        invalid("Invalid attribute name. Message (user) attribute name can only contain "
                "upper and lower score characters, digits, periods, hyphens and "
                "underscores. It may neither begin nor end with a period, nor hold "
                "successive ones."));
  }
  if (starts_with_reserved(name)) {
    return fail(invalid(fmt::format(
        "Message (user) attribute name '{}' can not start with 'AWS.' or 'Amazon.'.", name)));
  }
  return {};
}

Status check_type(std::string_view name, std::string_view type) {
  const std::string_view base = type.substr(0, type.find('.'));
  if (type.empty()) {
    return fail(
        invalid(fmt::format("The message attribute '{}' must contain non-empty message "
                            "attribute type.",
                            name)));
  }
  if (!is_message_text(type)) return fail(invalid_characters(name));
  if (type.size() > kAttributeTypeBytesMax ||
      (base != "String" && base != "Number" && base != "Binary")) {
    return fail(invalid(fmt::format(
        "The message attribute '{}' has an invalid message attribute type, the set of supported "
        "type prefixes is Binary, Number, and String.",
        name)));
  }
  return {};
}

Result<MessageAttribute> check_attribute(const std::string& name,
                                         const gen::sqs::MessageAttributeValue& given) {
  LAPWING_CHECK(check_name(name));
  LAPWING_CHECK(check_type(name, given.data_type));
  if (given.string_list_values.value_or(std::vector<std::string>()).size() +
          given.binary_list_values.value_or(std::vector<std::string>()).size() >
      0) {
    return fail(errors::unsupported_operation(
        "Message attribute list values in SendMessage operation are not supported."));
  }
  MessageAttribute out{name, given.data_type, {}};
  const std::optional<std::string>& value = out.binary() ? given.binary_value : given.string_value;
  if (value.value_or("").empty()) {
    return fail(invalid(
        fmt::format("Message (user) attribute '{}' must contain a non-empty value of type '{}'.",
                    name, out.binary() ? "Binary" : "String")));
  }
  if (!out.binary() && !is_message_text(*value)) return fail(invalid_characters(name));
  if (out.type.starts_with("Number") && !text::is_decimal(*value)) {
    return fail(invalid(
        fmt::format("Can't cast the value of message (user) attribute '{}' to a number.", name)));
  }
  out.value = *value;
  return out;
}

Result<MessageAttributes> check_system_attributes(const SystemAttributeValues& given) {
  MessageAttributes out;
  for (const auto& [name, value] : given) {
    if (name != kTraceHeader) {
      return fail(invalid(fmt::format("Message system attribute name '{}' is invalid.", name)));
    }
    if (value.data_type != "String" || value.string_value.value_or("").empty()) {
      return fail(invalid(fmt::format(
          "Message (system) attribute '{}' must contain a non-empty value of type 'String'.",
          name)));
    }
    if (value.string_value->size() > kTraceHeaderBytesMax) {
      return fail(
          invalid(fmt::format("Message (system) attribute '{}' must be shorter than {} bytes.",
                              name, kTraceHeaderBytesMax)));
    }
    if (!is_message_text(*value.string_value)) return fail(invalid_characters(name));
    out.push_back({name, value.data_type, *value.string_value});
  }
  return out;
}

// Letters, digits and ASCII punctuation.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kGroupCharactersMax &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Status check_id(std::string_view text, std::string_view parameter) {
  if (is_id(text)) return {};
  return fail(invalid_value(
      text, parameter,
      fmt::format("{} can only include alphanumeric and punctuation characters. 1 to {} in length.",
                  parameter, kGroupCharactersMax)));
}

Status check_delay(const Queue& queue, const Outgoing& out) {
  if (!out.delay_s) return {};
  const std::int32_t delay = *out.delay_s;
  if (delay < 0 || delay > kDelaySecondsMax) {
    return fail(
        invalid_value(std::to_string(delay), "DelaySeconds",
                      fmt::format("DelaySeconds must be >= 0 and <= {}.", kDelaySecondsMax)));
  }
  if (queue.fifo && delay > 0) {
    return fail(invalid_value(std::to_string(delay), "DelaySeconds", kWrongQueueType));
  }
  return {};
}

Status check_ids(const Queue& queue, const Outgoing& out) {
  if (out.group) LAPWING_CHECK(check_id(*out.group, "MessageGroupId"));
  if (out.deduplication_id) {
    if (!queue.fifo) {
      return fail(invalid_value(*out.deduplication_id, "MessageDeduplicationId",
                                "The request includes a parameter that is not valid for this "
                                "queue type."));
    }
    LAPWING_CHECK(check_id(*out.deduplication_id, "MessageDeduplicationId"));
  }
  return check_fifo_ids(queue, out);
}

}  // namespace

Status check_fifo_ids(const Queue& queue, const Outgoing& out) {
  if (!queue.fifo) return {};
  if (!out.group) {
    constexpr std::string_view kText = "The request must contain the parameter MessageGroupId.";
    return fail(out.in_batch ? invalid(std::string(kText))
                             : errors::missing_required_parameter(std::string(kText)));
  }
  if (!out.deduplication_id && !queue.content_deduplication) {
    return fail(
        invalid("The queue should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"));
  }
  return {};
}

Result<MessageAttributes> check_attributes(const AttributeValues& given) {
  if (given.size() > kMessageAttributesMax) {
    return fail(
        invalid(fmt::format("Number of message attributes [{}] exceeds the allowed maximum "
                            "[{}].",
                            given.size(), kMessageAttributesMax)));
  }
  MessageAttributes out;
  for (const auto& [name, value] : given) {
    LAPWING_TRY(MessageAttribute attribute, check_attribute(name, value));
    out.push_back(std::move(attribute));
  }
  return out;
}

std::size_t sent_bytes(std::string_view body, const std::optional<AttributeValues>& attributes) {
  std::size_t out = body.size();
  if (!attributes) return out;
  for (const auto& [name, value] : *attributes) {
    out += name.size() + value.data_type.size() + value.string_value.value_or("").size() +
           value.binary_value.value_or("").size();
  }
  return out;
}

Result<Prepared> prepare(const Queue& queue, const aws::Call& call, Random& random, Outgoing out) {
  if (out.body.empty()) {
    return fail(
        errors::missing_required_parameter("The request must contain the parameter MessageBody."));
  }
  if (!is_message_text(out.body)) {
    return fail(errors::invalid_message_contents(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
        "#xE000 to #xFFFD | #x10000 to #x10FFFF"));
  }
  LAPWING_CHECK(check_delay(queue, out));
  LAPWING_CHECK(check_ids(queue, out));
  Message message;
  if (out.attributes) {
    LAPWING_TRY(message.attributes, check_attributes(*out.attributes));
  }
  MessageAttributes system;
  if (out.system_attributes) {
    LAPWING_TRY(system, check_system_attributes(*out.system_attributes));
  }
  if (size_of(out.body, message.attributes) > static_cast<std::size_t>(queue.message_bytes_max)) {
    return fail(invalid(fmt::format(
        "One or more parameters {}. Reason: Message must be shorter "
        "than {} bytes.",
        out.in_batch ? "cannot be validated" : "are invalid", queue.message_bytes_max)));
  }
  Prepared prepared;
  prepared.message_id = message.id = make_uuid(random);
  prepared.md5_of_body = crypto::md5_hex(out.body);
  if (!message.attributes.empty()) prepared.md5_of_attributes = md5_of(message.attributes);
  if (!system.empty()) prepared.md5_of_system_attributes = md5_of(system);
  message.trace_header = system.empty() ? call.trace_id : system.front().value;
  // What came as a header is no part of the request: it is left out where it does not fit.
  if (message.trace_header.size() > kTraceHeaderBytesMax ||
      !is_message_text(message.trace_header)) {
    message.trace_header.clear();
  }
  prepared.trace = message.trace_header;
  message.sender_id = call.caller.user_id.empty() ? call.caller.account.str() : call.caller.user_id;
  store::EnqueueRequest& request = prepared.request;
  if (queue.fifo) {
    message.deduplication_id =
        out.deduplication_id ? *out.deduplication_id : crypto::sha256_hex(out.body);
    request.dedup_id = queue.deduplicate_by_group
                           ? fmt::format("g{} {}", *out.group, message.deduplication_id)
                           : fmt::format("q{}", message.deduplication_id);
    request.dedup_note = message.id;
  }
  message.body = std::move(out.body);
  request.queue = queue.place;
  request.payload = encode(message);
  request.delay =
      std::chrono::seconds(queue.fifo ? queue.delay_s : out.delay_s.value_or(queue.delay_s));
  request.group = out.group.value_or("");
  request.grouping = queue.fifo ? store::Grouping::kOrdered : store::Grouping::kFair;
  return prepared;
}

}  // namespace lapwing::sqs
