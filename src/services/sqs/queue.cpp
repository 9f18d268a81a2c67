#include "services/sqs/queue.hpp"

#include <algorithm>

#include "aws/arn.hpp"
#include "resources/table.hpp"
#include "text/json_writer.hpp"

namespace lapwing::sqs {

bool RedriveAllow::allows(std::string_view source_arn) const {
  if (permission == "denyAll") return false;
  if (permission == "allowAll") return true;
  return std::ranges::find(sources, source_arn) != sources.end();
}

std::string Redrive::text() const {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("deadLetterTargetArn", target_arn);
  json.member("maxReceiveCount", receives_max);
  json.end_object();
  return out;
}

std::string Queue::key() const { return resources::scoped_key(scope, name); }

std::string Queue::arn() const { return aws::make_arn("sqs", scope.region, scope.account, name); }

}  // namespace lapwing::sqs
