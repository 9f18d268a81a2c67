#include "services/pipes/pipe.hpp"

#include <array>

#include "services/pipes/limits.hpp"

namespace lapwing::pipes {

std::string_view to_string(State state) {
  constexpr std::array<std::string_view, 10> kNames{
      "CREATING", "RUNNING",  "STOPPED",       "STARTING",      "STOPPING",
      "UPDATING", "DELETING", "CREATE_FAILED", "UPDATE_FAILED", "START_FAILED"};
  return kNames.at(static_cast<std::size_t>(state));
}

bool is_changing(State state) {
  switch (state) {
    case State::kRunning:
    case State::kStopped:
    case State::kCreateFailed:
    case State::kUpdateFailed:
    case State::kStartFailed:
      return false;
    default:
      return true;
  }
}

std::string_view to_string(Wanted wanted) {
  constexpr std::array<std::string_view, 3> kNames{"RUNNING", "STOPPED", "DELETED"};
  return kNames.at(static_cast<std::size_t>(wanted));
}

std::optional<Kind> kind_of(std::string_view text) {
  const auto arn = aws::Arn::parse(text);
  if (!arn) return std::nullopt;
  const std::string_view type = arn->resource_type();
  if (arn->service == "lambda" && type == "function") return Kind::kFunction;
  if (arn->service == "sqs" && type.empty()) return Kind::kQueue;
  if (arn->service == "sns" && type.empty()) return Kind::kTopic;
  if (arn->service == "events" && type == "event-bus") return Kind::kBus;
  if (arn->service == "events" && type == "api-destination") return Kind::kApi;
  if (arn->service == "logs" && type == "log-group") return Kind::kLogGroup;
  return std::nullopt;
}

std::string_view service_name(Kind kind) {
  constexpr std::array<std::string_view, 6> kNames{"lambda", "sqs",  "sns",
                                                   "events", "logs", "events"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::int32_t batch_max(Kind kind) {
  switch (kind) {
    case Kind::kFunction:
    case Kind::kLogGroup:
      return kBatchMost;
    case Kind::kApi:
      return 1;
    default:
      return kBatchOfEntries;
  }
}

}  // namespace lapwing::pipes
