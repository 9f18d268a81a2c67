#include "services/sns/endpoint.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/text_messages.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

constexpr std::string_view kProtocols[] = {"http", "https",  "email",       "email-json", "sms",
                                           "sqs",  "lambda", "application", "firehose"};

bool is_arn_of(std::string_view endpoint, std::string_view service) {
  const auto arn = aws::Arn::parse(endpoint);
  return arn && arn->service == service && aws::is_account_id(arn->account.view());
}

bool is_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Status check_queue(const Topic& topic, std::string_view endpoint) {
  if (!is_arn_of(endpoint, "sqs")) return fail(invalid("SQS endpoint ARN"));
  if (is_fifo_name(endpoint) && !topic.fifo) {
    return fail(
        invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
                "standard SNS topics"));
  }
  return {};
}

Status check_url(std::string_view protocol, std::string_view endpoint) {
  const std::string scheme = fmt::format("{}://", protocol);
  if (!endpoint.starts_with(scheme)) {
    return fail(invalid("Endpoint must match the specified protocol"));
  }
  const std::string_view rest = endpoint.substr(scheme.size());
  if (rest.substr(0, rest.find_first_of("/?#")).empty()) {
    return fail(invalid("Endpoint Reason: the URL names no host"));
  }
  return {};
}

Status check_mail(std::string_view endpoint) {
  const std::size_t at = endpoint.find('@');
  const bool good = at != std::string_view::npos && at > 0 && at + 1 < endpoint.size();
  return good ? Status() : fail(invalid("Email address"));
}

}  // namespace

Status check_endpoint(const Topic& topic, std::string_view protocol, std::string_view endpoint) {
  if (std::ranges::find(kProtocols, protocol) == std::end(kProtocols)) {
    return fail(invalid(fmt::format("Amazon SNS does not support this protocol string: {}",
                                    protocol.substr(0, 256))));
  }
  if (endpoint.empty()) {
    return fail(invalid("Endpoint Reason: no value for required parameter"));
  }
  if (endpoint.size() > kEndpointBytesMax || !is_text(endpoint)) {
    return fail(invalid("Endpoint Reason: not an endpoint"));
  }
  if (topic.fifo && protocol != "sqs") {
    return fail(invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"));
  }
  if (protocol == "sqs") return check_queue(topic, endpoint);
  if (protocol == "http" || protocol == "https") return check_url(protocol, endpoint);
  if (protocol == "email" || protocol == "email-json") return check_mail(endpoint);
  if (protocol == "sms") {
    return is_phone_number(endpoint)
               ? Status()
               : fail(invalid(fmt::format("Invalid SMS endpoint: {}", endpoint)));
  }
  if (protocol == "lambda") {
    return is_arn_of(endpoint, "lambda") ? Status() : fail(invalid("Lambda endpoint ARN"));
  }
  if (protocol == "firehose") {
    return is_arn_of(endpoint, "firehose") ? Status() : fail(invalid("Firehose endpoint ARN"));
  }
  return is_arn_of(endpoint, "sns") ? Status() : fail(invalid("Application endpoint ARN"));
}

bool gets_signatures(std::string_view protocol) {
  return protocol != "email" && protocol != "sms" && protocol != "application" &&
         protocol != "firehose";
}

bool confirms_itself(const Subscription& subscription, const AccountId& account) {
  if (subscription.protocol == "sms") return true;
  const auto arn = aws::Arn::parse(subscription.endpoint);
  return arn && arn->account == account;
}

}  // namespace lapwing::sns
