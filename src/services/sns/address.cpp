#include "services/sns/address.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/sns/errors.hpp"
#include "resources/table.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

constexpr std::size_t kArnElements = 6;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

std::size_t elements_of(std::string_view arn) {
  return 1 + static_cast<std::size_t>(std::ranges::count(arn, ':'));
}

// "TopicArn Reason: An ARN must have at least 6 elements, not 1".
Status check_elements(std::string_view arn, std::string_view parameter) {
  if (arn.empty()) {
    return fail(invalid(fmt::format("{} Reason: no value for required parameter", parameter)));
  }
  const std::size_t elements = elements_of(arn);
  if (elements >= kArnElements) return {};
  return fail(invalid(fmt::format("{} Reason: An ARN must have at least {} elements, not {}",
                                  parameter, kArnElements, elements)));
}

Status check_account(const aws::Call& call, const TopicAddress& topic) {
  if (topic.scope.account == call.caller.account) return {};
  return fail(gen::sns::errors::authorization_error(
      fmt::format("User: {} is not authorized to perform this action on resource: {}",
                  call.caller.principal_arn, topic.arn())));
}

}  // namespace

std::string TopicAddress::key() const { return resources::scoped_key(scope, name); }
std::string TopicAddress::arn() const {
  return aws::make_arn("sns", scope.region, scope.account, name);
}

bool is_topic_name(std::string_view name) {
  if (name.size() > kNameCharactersMax) return false;
  if (is_fifo_name(name)) name.remove_suffix(5);
  return !name.empty() && std::ranges::all_of(name, is_name_character);
}

Result<TopicAddress> read_topic_arn(std::string_view text) {
  LAPWING_TRY(aws::Arn arn, aws::Arn::parse(text));
  if (arn.service != "sns" || !is_topic_name(arn.resource) ||
      !aws::is_account_id(arn.account.view()) || !aws::is_region_name(arn.region.view()) ||
      arn.partition != aws::partition_of(arn.region.view())) {
    return fail(make_error(ErrorKind::kInvalid, "not the ARN of a topic"));
  }
  return TopicAddress{{std::move(arn.account), std::move(arn.region)}, std::move(arn.resource)};
}

Result<TopicAddress> parse_topic(const aws::Call& call, std::string_view arn,
                                 std::string_view parameter) {
  LAPWING_CHECK(check_elements(arn, parameter));
  auto topic = read_topic_arn(arn);
  if (!topic || (topic->scope.region != call.caller.region && !is_unsigned(call))) {
    return fail(invalid(parameter));
  }
  LAPWING_CHECK(check_account(call, *topic));
  return topic;
}

Result<SubscriptionAddress> parse_any_subscription(std::string_view arn) {
  LAPWING_CHECK(check_elements(arn, "SubscriptionArn"));
  const std::size_t colon = arn.rfind(':');
  const auto topic = read_topic_arn(arn.substr(0, colon));
  if (elements_of(arn) == kArnElements || !topic || !is_uuid(arn.substr(colon + 1))) {
    return fail(invalid("SubscriptionId"));
  }
  return SubscriptionAddress{*topic, std::string(arn.substr(colon + 1))};
}

Result<SubscriptionAddress> parse_subscription(const aws::Call& call, std::string_view arn) {
  LAPWING_TRY(SubscriptionAddress address, parse_any_subscription(arn));
  if (address.topic.scope.region != call.caller.region) return fail(invalid("SubscriptionArn"));
  LAPWING_CHECK(check_account(call, address.topic));
  return address;
}

std::string topic_part(std::string_view subscription_arn) {
  if (elements_of(subscription_arn) <= kArnElements) return std::string(subscription_arn);
  return std::string(subscription_arn.substr(0, subscription_arn.rfind(':')));
}

}  // namespace lapwing::sns
