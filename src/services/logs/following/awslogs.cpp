#include "services/logs/following/awslogs.hpp"

#include <fmt/core.h>

#include "text/base64.hpp"
#include "text/gzip.hpp"
#include "text/json_writer.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kEventHead = R"({"awslogs":{"data":")";
constexpr std::string_view kEventEnd = R"("}})";

void member(std::string& out, std::string_view name, std::string_view value) {
  out += '"';
  out += name;
  out += "\":";
  text::append_json_string(out, value);
}

}  // namespace

AwslogsBuilder::AwslogsBuilder(const SubscriptionFilter& filter, std::string_view stream) {
  head_ = R"({"messageType":"DATA_MESSAGE",)";
  member(head_, "owner", filter.scope.account.view());
  head_ += ',';
  member(head_, "logGroup", filter.group);
  head_ += ',';
  member(head_, "logStream", stream);
  head_ += R"(,"subscriptionFilters":[)";
  text::append_json_string(head_, filter.name);
  head_ += R"(],"logEvents":[)";
}

void AwslogsBuilder::add(std::string_view id, std::int64_t time_ms, std::string_view message,
                         const Extracted& extracted) {
  json_ += events_ == 0 ? head_ : ",";
  json_ += '{';
  member(json_, "id", id);
  json_ += fmt::format(R"(,"timestamp":{},)", time_ms);
  member(json_, "message", message);
  if (!extracted.empty()) {
    json_ += R"(,"extractedFields":{)";
    bool first = true;
    for (const auto& [name, value] : extracted) {
      if (!first) json_ += ',';
      first = false;
      // Here without the sign that stands before names in patterns.
      member(json_, std::string_view(name).substr(1), value);
    }
    json_ += '}';
  }
  json_ += '}';
  ++events_;
}

std::string AwslogsBuilder::finish() {
  json_ += "]}";
  std::string out = text::gzip(json_);
  json_.clear();
  events_ = 0;
  return out;
}

std::string control_message(std::int64_t now_ms, std::string_view vendor) {
  return text::gzip(fmt::format(
      R"({{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"",)"
      R"("subscriptionFilters":[],"logEvents":[{{"id":"","timestamp":{},"message":)"
      R"("CWL CONTROL MESSAGE: Checking health of destination {}."}}]}})",
      now_ms, vendor));
}

std::string function_event(std::string_view gzipped) {
  std::string out(kEventHead);
  out += text::base64_encode(gzipped);
  out += kEventEnd;
  return out;
}

std::size_t function_event_bytes(std::size_t gzipped_bytes) {
  return kEventHead.size() + (gzipped_bytes + 2) / 3 * 4 + kEventEnd.size();
}

}  // namespace lapwing::logs
