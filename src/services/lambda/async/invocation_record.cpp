#include "services/lambda/async/invocation_record.hpp"

#include <fmt/core.h>

#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"
#include "text/utf8.hpp"

namespace lapwing::lambda {
namespace {

constexpr std::size_t kErrorMessageBytes = 1024;

// A payload that is no JSON is a text.
void write_payload(text::JsonWriter& json, std::string_view key, std::string_view payload) {
  json.key(key);
  if (text::check_json(payload)) {
    json.raw(payload);
  } else {
    json.string(payload);
  }
}

std::string write_record(const Ended& ended, WallTime now, bool payloads) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("version", "1.0");
  json.member("timestamp", text::format_iso8601(now, true));
  json.key("requestContext");
  json.begin_object();
  json.member("requestId", ended.event.request_id);
  json.member("functionArn", ended.function_arn);
  json.member("condition", to_string(ended.condition));
  json.member("approximateInvokeCount", ended.runs);
  json.end_object();
  if (payloads) write_payload(json, "requestPayload", ended.event.payload);
  if (ended.answer) {
    json.key("responseContext");
    json.begin_object();
    json.member("statusCode", ended.answer->status);
    json.member("executedVersion", ended.answer->executed_version);
    if (!ended.answer->function_error.empty()) {
      json.member("functionError", ended.answer->function_error);
    }
    json.end_object();
    if (payloads) write_payload(json, "responsePayload", ended.answer->payload);
  }
  json.end_object();
  return out;
}

// What a function's error says, or the whole answer where it is not in that form.
std::string error_message(const LastAnswer& answer) {
  if (const auto document = text::parse_json(answer.payload)) {
    const text::JsonValue* message = document->root().find("errorMessage");
    if (message != nullptr && message->is_string()) return std::string(message->as_string());
  }
  return answer.payload;
}

}  // namespace

std::string invocation_record(const Ended& ended, WallTime now, std::size_t bytes_max) {
  std::string out = write_record(ended, now, true);
  return out.size() <= bytes_max ? out : write_record(ended, now, false);
}

std::string_view detail_type_of(Condition condition) {
  return condition == Condition::kSuccess ? "Lambda Function Invocation Result - Success"
                                          : "Lambda Function Invocation Result - Failure";
}

std::vector<ports::ParcelAttribute> dead_letter_attributes(const Ended& ended) {
  std::string message =
      ended.answer ? error_message(*ended.answer) : std::string(to_string(ended.condition));
  message.resize(text::truncate_utf8(message, kErrorMessageBytes).size());
  const std::int32_t code = ended.answer ? ended.answer->status : 429;
  std::vector<ports::ParcelAttribute> out{
      {"RequestID", "String", ended.event.request_id},
      {"ErrorCode", "Number", fmt::format("{}", code)},
  };
  if (!message.empty()) out.push_back({"ErrorMessage", "String", std::move(message)});
  return out;
}

}  // namespace lapwing::lambda
