#include "server/event_json.hpp"

#include <chrono>

#include "text/time_format.hpp"

namespace lapwing::server {
namespace {

std::string time_text(std::int64_t ms) { return text::format_iso8601(wall_from_unix_ms(ms), true); }

void put(text::JsonWriter& json, std::string_view key, std::string_view value) {
  if (!value.empty()) json.member(key, value);
}
void put(text::JsonWriter& json, std::string_view key, const std::optional<std::uint64_t>& value) {
  if (value) json.member(key, static_cast<std::int64_t>(*value));
}

void write_row(text::JsonWriter& json, const journal::EventRow& row) {
  json.begin_object();
  put(json, "service", row.service);
  put(json, "what", row.what);
  put(json, "name", row.name);
  put(json, "to", row.to);
  put(json, "id", row.id);
  put(json, "state", row.state);
  put(json, "reason", row.reason);
  put(json, "waiting", row.waiting);
  put(json, "delayed", row.delayed);
  put(json, "at_work", row.at_work);
  if (row.oldest) {
    json.member("oldest_seconds",
                std::chrono::duration_cast<std::chrono::seconds>(*row.oldest).count());
  }
  if (row.due_ms) json.member("due", time_text(*row.due_ms));
  if (row.at_ms) json.member("time", time_text(*row.at_ms));
  if (row.attempts > 0) json.member("attempts", static_cast<std::int64_t>(row.attempts));
  put(json, "dead_letters", row.dead_letters);
  if (row.replayed_ms) json.member("replayed", time_text(*row.replayed_ms));
  if (row.replayable) json.member("replayable", *row.replayable);
  json.end_object();
}

}  // namespace

void write_page(text::JsonWriter& json, const journal::EventPage& page) {
  json.begin_object();
  json.key("rows");
  json.begin_array();
  for (const journal::EventRow& row : page.rows) write_row(json, row);
  json.end_array();
  put(json, "next", page.next);
  json.end_object();
}

std::string story_json(std::string_view id, const std::vector<journal::Step>& steps) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("id", id);
  json.key("steps");
  json.begin_array();
  for (const journal::Step& step : steps) {
    json.begin_object();
    json.member("time", time_text(step.time_ms));
    json.member("step", journal::to_string(step.kind));
    put(json, "at", step.at);
    put(json, "to", step.to);
    put(json, "reason", step.reason);
    if (step.attempt > 0) json.member("attempt", static_cast<std::int64_t>(step.attempt));
    put(json, "event", step.event);
    put(json, "became", step.became);
    put(json, "trace", step.trace);
    put(json, "account", step.account.view());
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

std::string replay_json(std::size_t count, const std::vector<std::string>& events) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("replayed", static_cast<std::int64_t>(count));
  json.key("events");
  json.begin_array();
  for (const std::string& each : events) json.string(each);
  json.end_array();
  json.end_object();
  return out;
}

std::string outbox_json(const hosting::OutboxPage& page, std::string_view next) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("messages");
  json.begin_array();
  for (const hosting::OutboxMessage& each : page.messages) {
    json.begin_object();
    json.member("service", each.service);
    json.member("time", time_text(each.time_ms));
    json.member("protocol", each.protocol);
    json.member("to", each.to);
    put(json, "subject", each.subject);
    json.member("body", each.body);
    put(json, "message_id", each.message_id);
    put(json, "topic_arn", each.topic_arn);
    put(json, "subscription_arn", each.subscription_arn);
    json.end_object();
  }
  json.end_array();
  put(json, "next", next);
  json.end_object();
  return out;
}

}  // namespace lapwing::server
