#include "services/scheduler/api_target.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "gen/models.hpp"
#include "services/scheduler/words.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::scheduler {
namespace {

constexpr std::string_view kBefore = ":scheduler:::aws-sdk:";

// The SDK's names of services whose models are called otherwise.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kNames{
    {{"eventbridge", "events"}, {"cloudwatchlogs", "logs"}, {"sfn", "stepfunctions"}}};

// Actions that only read are not scheduled; the guide lists how they begin.
constexpr std::array<std::string_view, 19> kReading{
    "get",           "describe",  "list",        "poll",     "receive",     "search",   "scan",
    "query",         "select",    "read",        "lookup",   "discover",    "validate", "batchGet",
    "batchDescribe", "batchRead", "transactGet", "retrieve", "isAuthorized"};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

const aws::ServiceModel* find_model(std::string_view service) {
  for (const auto& [sdk, model] : kNames) {
    if (service == sdk) service = model;
  }
  for (const aws::ServiceModel* const each : gen::all_models()) {
    if (each->id == service) return each;
  }
  return nullptr;
}

// Whether events come one after another in it: nobody would be there to take them.
bool is_stream(const aws::ServiceModel& model, std::uint16_t structure) {
  const std::uint16_t member = model.streaming_member(structure);
  if (member == aws::kNone) return false;
  const aws::MemberRow& row = model.members_of(model.shape(structure))[member];
  return model.shape(row.shape).has(aws::ShapeFlags::kEventStream);
}

// Writes an input as its model spells it.
class Speller {
 public:
  Speller(const aws::ServiceModel& model, std::string& out) : model_(model), json_(out) {}

  void write(const text::JsonValue& value, std::uint16_t shape_index) {
    if (shape_index == aws::kNone) return json_.value(value);
    const aws::ShapeRow& shape = model_.shape(shape_index);
    if (shape.kind == aws::ShapeKind::kStructure && value.is_object())
      return structure(value, shape);
    if (shape.kind == aws::ShapeKind::kList && value.is_array()) return list(value, shape);
    if (shape.kind == aws::ShapeKind::kMap && value.is_object()) return map(value, shape);
    if (shape.kind == aws::ShapeKind::kBlob && !value.is_null()) return blob(value);
    json_.value(value);
  }

 private:
  std::uint16_t member(const aws::ShapeRow& shape, std::string_view name) const {
    const std::uint16_t exact = model_.find_member(shape, name);
    if (exact != aws::kNone || name.empty()) return exact;
    std::string other(name);
    other[0] = lower(other[0]);
    return model_.find_member(shape, other);
  }
  void structure(const text::JsonValue& value, const aws::ShapeRow& shape) {
    json_.begin_object();
    for (const text::JsonMember& each : value.members()) {
      const std::uint16_t number = member(shape, each.key);
      if (number == aws::kNone) {
        json_.key(each.key);
        json_.value(each.value);
        continue;
      }
      const aws::MemberRow& row = model_.members_of(shape)[number];
      json_.key(model_.text(row.name));
      write(each.value, row.shape);
    }
    json_.end_object();
  }
  void list(const text::JsonValue& value, const aws::ShapeRow& shape) {
    json_.begin_array();
    for (const text::JsonValue& each : value.items()) write(each, shape.element);
    json_.end_array();
  }
  void map(const text::JsonValue& value, const aws::ShapeRow& shape) {
    json_.begin_object();
    for (const text::JsonMember& each : value.members()) {
      json_.key(each.key);
      write(each.value, shape.element);
    }
    json_.end_object();
  }
  void blob(const text::JsonValue& value) {
    json_.string(text::base64_encode(value.is_string() ? std::string(value.as_string())
                                                       : text::to_json(value)));
  }

  const aws::ServiceModel& model_;
  text::JsonWriter json_;
};

}  // namespace

bool is_api_target(std::string_view arn) {
  const std::size_t at = arn.find(kBefore);
  return arn.starts_with("arn:") && at != std::string_view::npos && arn.find(':', 4) == at;
}

Result<ApiTarget> read_api_target(std::string_view arn) {
  const std::string_view what = arn.substr(arn.find(kBefore) + kBefore.size());
  const std::size_t colon = what.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == what.size()) {
    return fail(invalid("Provided Arn is not in correct format."));
  }
  const std::string_view service = what.substr(0, colon);
  // As the SDK spells it, whatever the first letter was given as.
  std::string action(what.substr(colon + 1));
  action[0] = lower(action[0]);
  if (std::ranges::any_of(kReading,
                          [&](std::string_view each) { return action.starts_with(each); })) {
    return fail(invalid(
        fmt::format("The action {} of {} only reads: EventBridge Scheduler does not call it.",
                    action, service)));
  }
  ApiTarget out;
  out.model = find_model(service);
  if (out.model == nullptr) {
    return fail(aws::unsupported("scheduler", "CreateSchedule", fmt::format("Target.Arn={}", arn),
                                 fmt::format("there is no service {} here", service)));
  }
  std::string name = action;
  name[0] = upper(name[0]);
  out.operation = out.model->find_operation(name);
  if (out.operation == nullptr) {
    return fail(invalid(fmt::format("The service {} has no action {}.", service, action)));
  }
  if (is_stream(*out.model, out.operation->input) || is_stream(*out.model, out.operation->output)) {
    return fail(invalid(
        fmt::format("The action {} of {} is a stream: EventBridge Scheduler does not call it.",
                    action, service)));
  }
  return out;
}

Result<std::string> api_request(const ApiTarget& target, std::string_view input) {
  const auto document = text::parse_json(input);
  if (!document || !document->root().is_object()) {
    return fail(invalid("The Input of a universal target is its request: a JSON object."));
  }
  std::string out;
  Speller(*target.model, out).write(document->root(), target.operation->input);
  return out;
}

}  // namespace lapwing::scheduler
