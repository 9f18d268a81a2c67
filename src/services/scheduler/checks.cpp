#include "services/scheduler/checks.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "ports/acting.hpp"
#include "ports/roles.hpp"
#include "schedule/expression.hpp"
#include "services/scheduler/api_target.hpp"
#include "services/scheduler/words.hpp"
#include "text/json.hpp"

namespace lapwing::scheduler {
namespace {

// Of templated targets; each needs its sibling.
constexpr std::array<std::string_view, 14> kTemplated{
    "codebuild", "codepipeline", "ecs", "events", "firehose", "inspector", "kinesis",
    "lambda",    "sagemaker",    "sns", "sqs",    "states",   "batch",     "redshift-data"};

Status check_times(const Core& core, const Schedule& schedule, bool start_is_new) {
  if (const auto read = schedule::parse(schedule.expression, schedule::Dialect::kScheduler);
      !read) {
    return fail(invalid(read.error().message));
  }
  if (start_is_new && schedule.start_ms &&
      wall_from_unix_ms(*schedule.start_ms) < core.clock.wall() - kStartAgoMax) {
    return fail(invalid("The StartDate you specify cannot be earlier than 5 minutes ago."));
  }
  if (schedule.start_ms && schedule.end_ms && *schedule.end_ms <= *schedule.start_ms) {
    return fail(invalid("The EndDate you specify must be later than the StartDate."));
  }
  if (schedule.flexible && !schedule.window_minutes) {
    return fail(
        invalid("MaximumWindowInMinutes must be specified when the flexible time window is used."));
  }
  return {};
}

Status check_input(const Target& target, std::string_view service) {
  if (!target.input) return {};
  if (target.input->size() > kInputBytesMax) {
    return fail(
        invalid(fmt::format("The Input of a target holds {} bytes at most.", kInputBytesMax)));
  }
  const bool json = service == "lambda" || service == "events" || service == "states";
  if (json && !text::check_json(*target.input)) {
    return fail(invalid("The Input of this target must be well-formed JSON."));
  }
  return {};
}

Status check_api_target(const Core& core, std::string_view operation, const Target& target) {
  if (core.ports.api == nullptr) {
    return fail(aws::unsupported("scheduler", operation, "Target.Arn=" + target.arn));
  }
  LAPWING_TRY(const ApiTarget api, read_api_target(target.arn));
  if (!target.input) return fail(invalid("A universal target needs an Input: its request."));
  LAPWING_CHECK(api_request(api, *target.input));
  return check_input(target, "scheduler");
}

Status check_target(const Core& core, std::string_view operation, const Target& target) {
  if (is_api_target(target.arn)) return check_api_target(core, operation, target);
  const auto arn = aws::Arn::parse(target.arn);
  if (!arn || std::ranges::find(kTemplated, arn->service) == kTemplated.end()) {
    return fail(invalid("Provided Arn is not in correct format."));
  }
  if (core.parts->destinations.find(target.arn) == nullptr) {
    return fail(aws::unsupported("scheduler", operation, "Target.Arn=" + target.arn,
                                 "nothing here takes what is sent to it"));
  }
  if (arn->service == "events" && target.source.empty()) {
    return fail(invalid("EventBridgeParameters must be specified for an EventBridge target."));
  }
  return check_input(target, arn->service);
}

Status check_role(const Core& core, const AccountId& account, const Target& target) {
  if (!ports::is_role_of(target.role_arn, account)) return fail(foreign_role());
  if (core.ports.roles == nullptr || !core.ports.roles->known_only()) return {};
  LAPWING_TRY(const ports::Role role, core.ports.roles->find(target.role_arn));
  if (role.known && role.trusts("scheduler.amazonaws.com")) return {};
  return fail(invalid(
      "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."));
}

}  // namespace

Status check_schedule(Core& core, std::string_view operation, const Schedule& schedule,
                      bool start_is_new) {
  LAPWING_CHECK(check_times(core, schedule, start_is_new));
  if (core.zones.find(schedule.zone) == nullptr) {
    return fail(invalid(schedule::unknown_zone(schedule.zone)));
  }
  LAPWING_CHECK(check_target(core, operation, schedule.target));
  return check_role(core, schedule.scope.account, schedule.target);
}

}  // namespace lapwing::scheduler
