#include "services/sqs/redrive.hpp"

#include <optional>
#include <string>

#include <fmt/core.h>

#include "gen/sqs/errors.hpp"
#include "services/sqs/address.hpp"
#include "services/sqs/words.hpp"
#include "text/decimal.hpp"
#include "text/json.hpp"

namespace lapwing::sqs {
namespace {

// Numbers and strings of digits alike.
std::optional<std::int64_t> whole_number(const text::JsonValue& value) {
  if (value.is_number()) return value.as_int64();
  if (value.is_string()) return text::integer_of(value.as_string());
  return std::nullopt;
}

std::string shown(const text::JsonValue& value) {
  if (value.is_number()) return std::string(value.number_text());
  return value.is_string() ? std::string(value.as_string()) : std::string(to_string(value.kind()));
}

Result<Redrive> parse_redrive(std::string_view text, const text::JsonValue& root) {
  const auto refuse = [&](std::string_view reason) {
    return fail(invalid_value(text, "RedrivePolicy", reason));
  };
  const text::JsonValue* const target = root.find("deadLetterTargetArn");
  const text::JsonValue* const count = root.find("maxReceiveCount");
  if (target == nullptr || !target->is_string()) {
    return refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  }
  if (count == nullptr || count->is_null()) {
    return refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  }
  const auto receives = whole_number(*count);
  if (!receives || *receives < 1 || *receives > kReceivesMax) {
    return refuse(
        fmt::format("Invalid value for maxReceiveCount: {}, valid values are from 1 to "
                    "{} both inclusive.",
                    shown(*count), kReceivesMax));
  }
  return Redrive{std::string(target->as_string()), static_cast<std::int32_t>(*receives)};
}

}  // namespace

Status set_redrive(Queue& queue, std::string_view text, const Catalog& catalog) {
  if (text.empty()) {
    queue.redrive.reset();
    return {};
  }
  const auto refuse = [&](std::string_view reason) {
    return fail(invalid_value(text, "RedrivePolicy", reason));
  };
  if (text.size() > kRedrivePolicyBytesMax) {
    return refuse(fmt::format("Redrive policy is longer than {} bytes.", kRedrivePolicyBytesMax));
  }
  const auto document = text::parse_json(text);
  if (!document || !document->root().is_object()) {
    return refuse("Redrive policy is not a valid JSON map.");
  }
  LAPWING_TRY(Redrive redrive, parse_redrive(text, document->root()));
  const auto address = parse_arn(redrive.target_arn);
  if (!address) return refuse("Invalid value for deadLetterTargetArn.");
  if (address->scope != queue.scope) {
    return refuse("Dead-letter target owner should be same as the source.");
  }
  const QueuePtr target = catalog.find(*address);
  const bool itself = address->name == queue.name;
  if (target == nullptr && !itself) return refuse("Dead letter target does not exist.");
  if (target != nullptr && target->fifo != queue.fifo) {
    return refuse("Dead-letter queue must be same type of queue as the source.");
  }
  if (target != nullptr && target->redrive_allow && !target->redrive_allow->allows(queue.arn())) {
    return refuse(fmt::format("Queue {} does not have permission to redrive to {}.", queue.arn(),
                              redrive.target_arn));
  }
  queue.redrive = std::move(redrive);
  return {};
}

Status set_redrive_allow(Queue& queue, std::string_view text) {
  if (text.empty()) {
    queue.redrive_allow.reset();
    queue.redrive_allow_policy.clear();
    return {};
  }
  const auto refuse = [&](std::string_view reason) {
    return fail(invalid_value(text, "RedriveAllowPolicy", reason));
  };
  if (text.size() > kRedrivePolicyBytesMax) {
    return refuse(
        fmt::format("Redrive allow policy is longer than {} bytes.", kRedrivePolicyBytesMax));
  }
  const auto document = text::parse_json(text);
  if (!document || !document->root().is_object()) {
    return refuse("Redrive allow policy is not a valid JSON map.");
  }
  const text::JsonValue* const permission = document->root().find("redrivePermission");
  const text::JsonValue* const sources = document->root().find("sourceQueueArns");
  RedriveAllow allow;
  if (permission != nullptr) allow.permission = permission->as_string();
  if (allow.permission != "allowAll" && allow.permission != "denyAll" &&
      allow.permission != "byQueue") {
    return refuse("redrivePermission must be allowAll, denyAll or byQueue.");
  }
  if (sources != nullptr) {
    for (const text::JsonValue& source : sources->items()) {
      if (!parse_arn(source.as_string())) return refuse("sourceQueueArns holds an invalid ARN.");
      allow.sources.emplace_back(source.as_string());
    }
  }
  if ((allow.permission == "byQueue") == allow.sources.empty()) {
    return refuse("sourceQueueArns are given with, and only with, redrivePermission byQueue.");
  }
  if (allow.sources.size() > kAllowedSourcesMax) {
    return refuse(fmt::format("sourceQueueArns holds more than {} ARNs.", kAllowedSourcesMax));
  }
  queue.redrive_allow = std::move(allow);
  queue.redrive_allow_policy = text;
  return {};
}

}  // namespace lapwing::sqs
