#include "mappings/stream_event.hpp"

#include "mappings/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::mappings {
namespace {

std::int64_t in_ms(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

}  // namespace

std::int64_t window_start_ms(std::int64_t arrived_ms, Duration length) {
  const std::int64_t length_ms = in_ms(length);
  return arrived_ms - arrived_ms % length_ms;
}

std::string stream_event(const std::vector<StreamRecord>& records, const WindowFacts* window) {
  std::size_t bytes = 512 + (window != nullptr ? window->state.size() : 0);
  for (const StreamRecord& each : records) bytes += each.record.size() + 1;
  std::string out;
  out.reserve(bytes);
  text::JsonWriter json(out);
  json.begin_object();
  json.key("Records");
  json.begin_array();
  for (const StreamRecord& each : records) json.raw(each.record);
  json.end_array();
  if (window != nullptr) {
    json.key("window");
    json.begin_object();
    json.member("start", text::format_iso8601(wall_from_unix_ms(window->start_ms)));
    json.member("end",
                text::format_iso8601(wall_from_unix_ms(window->start_ms + in_ms(window->length))));
    json.end_object();
    json.key("state");
    json.raw(window->state.empty() ? std::string_view("{}") : window->state);
    json.member("shardId", window->shard);
    json.member("eventSourceARN", window->stream_arn);
    json.member("isFinalInvokeForWindow", window->final);
    json.member("isWindowTerminatedEarly", window->early);
  }
  json.end_object();
  return out;
}

std::optional<std::string> state_of(std::string_view answer) {
  if (answer.size() > kAnswerBytesMax) return std::nullopt;
  const auto document = text::parse_json(answer);
  if (!document || !document->root().is_object()) return std::nullopt;
  const text::JsonValue* const state = document->root().find("state");
  if (state == nullptr || !state->is_object()) return std::nullopt;
  return text::to_json(*state);
}

}  // namespace lapwing::mappings
