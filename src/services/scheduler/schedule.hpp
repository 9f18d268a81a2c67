// What a schedule is, and the group it is in.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/arn.hpp"
#include "aws/scope.hpp"
#include "resources/tags.hpp"
#include "services/scheduler/limits.hpp"

namespace lapwing::scheduler {

inline constexpr std::string_view kDefaultGroup = "default";

// What a schedule calls, and how often it tries.
struct Target {
  std::string arn;
  std::string role_arn;
  std::optional<std::string> input;
  std::int32_t retries = kRetriesDefault;
  std::int32_t event_age_s = kEventAgeDefault;
  // Set where the request had the structure, be it empty.
  bool has_dead_letter = false;
  std::string dead_letter_arn;
  bool has_sqs = false;
  std::string message_group;
  // EventBridgeParameters; empty: none.
  std::string detail_type;
  std::string source;

  template <class Fields, class R>
  static void fields(Fields& f, R& target) {
    f("arn", target.arn);
    f("role", target.role_arn);
    f("input", target.input);
    f("retries", target.retries);
    f("event_age", target.event_age_s);
    f("has_dead_letter", target.has_dead_letter);
    f("dead_letter", target.dead_letter_arn);
    f("has_sqs", target.has_sqs);
    f("message_group", target.message_group);
    f("detail_type", target.detail_type);
    f("source", target.source);
  }
};

struct Schedule {
  aws::Scope scope;
  std::string group;
  std::string name;
  std::string expression;
  std::string zone = "UTC";
  std::optional<std::int64_t> start_ms;
  std::optional<std::int64_t> end_ms;
  std::optional<std::string> description;
  bool enabled = true;
  bool delete_when_over = false;
  bool flexible = false;
  std::optional<std::int32_t> window_minutes;
  Target target;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  std::int64_t anchor_ms = 0;  // what rate() counts from where there is no start

  std::string arn() const {
    return aws::make_arn("scheduler", scope.region, scope.account,
                         "schedule/" + group + "/" + name);
  }
};

struct Group {
  aws::Scope scope;
  std::string name;
  bool deleting = false;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  resources::Tags tags = {};

  std::string arn() const {
    return aws::make_arn("scheduler", scope.region, scope.account, "schedule-group/" + name);
  }
};

// When a schedule is next at work. There is none of those that are disabled or over.
struct Due {
  aws::Scope scope;
  std::string group;
  std::string name;
  std::string zone;
  std::int64_t occurrence_ms = 0;
  std::int64_t due_ms = 0;  // the instant in its window
};

}  // namespace lapwing::scheduler
