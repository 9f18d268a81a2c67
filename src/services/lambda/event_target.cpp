#include "services/lambda/event_target.hpp"

#include "aws/arn.hpp"

namespace lapwing::lambda {

bool is_event_target(std::string_view text, EventTarget as) {
  const auto arn = aws::Arn::parse(text);
  if (!arn) return false;
  if (arn->service == "sqs" || arn->service == "sns") return !arn->resource.ends_with(".fifo");
  if (as == EventTarget::kDeadLetter) return false;
  if (arn->service == "lambda") return arn->resource_type() == "function";
  if (arn->service == "events") return arn->resource_type() == "event-bus";
  return arn->service == "s3" && as == EventTarget::kOnFailure;
}

}  // namespace lapwing::lambda
