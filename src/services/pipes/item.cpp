#include "services/pipes/item.hpp"

#include <charconv>
#include <utility>

#include "expressions/reserved.hpp"
#include "services/pipes/limits.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::pipes {
namespace {

constexpr std::string_view kBody = "body";

// The record with its body as JSON; none where that is none.
std::optional<std::string> with_decoded_body(const text::JsonValue& record) {
  const text::JsonValue* const body = record.find(kBody);
  if (body == nullptr || !body->is_string() || !text::check_json(body->as_string())) {
    return std::nullopt;
  }
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  for (const text::JsonMember& each : record.members()) {
    json.key(each.key);
    if (each.key == kBody) {
      json.raw(body->as_string());
    } else {
      json.value(each.value);
    }
  }
  json.end_object();
  return out;
}

std::optional<std::int64_t> milliseconds(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) {
    return number >= kMillisecondsFrom ? number : number * 1000;
  }
  const auto time = text::parse_iso8601(text);
  if (!time) return std::nullopt;
  return unix_ms(*time);
}

}  // namespace

const text::JsonValue& Item::event() {
  if (read_) return event_.root();
  read_ = true;
  auto event = text::parse_json_copy(text_);
  if (!event) return event_.root();
  event_ = *std::move(event);
  if (!of_source_) return event_.root();
  if (const auto decoded = with_decoded_body(event_.root())) {
    if (auto read = text::parse_json_copy(*decoded)) {
      decoded_ = *std::move(read);
      decoded_differs_ = true;
    }
  }
  return event_.root();
}

const text::JsonValue& Item::decoded() {
  const text::JsonValue& event = this->event();
  return decoded_differs_ ? decoded_.root() : event;
}

std::expected<std::string, expressions::Unsent> Item::payload(
    const std::optional<expressions::Template>& body, const Plan& plan, WallTime ingested) {
  if (!body) return text_;
  const text::JsonValue& event = this->event();
  const expressions::PipeRecord record{.pipe_arn = plan.arn,
                                       .pipe_name = plan.name,
                                       .source_arn = plan.source_arn,
                                       .enrichment_arn = plan.enrichment_arn,
                                       .target_arn = plan.target_arn,
                                       .ingested = ingested,
                                       .event = &event,
                                       .decoded = &decoded()};
  expressions::Visits visits;
  return body->render(
      [&](std::string_view name) { return expressions::value_of_pipe(name, record, visits); });
}

std::optional<std::string> Item::value(const std::string& given) {
  if (!given.starts_with('$')) return given;
  const auto path = expressions::Path::read(given);
  if (!path) return given;
  expressions::Value found = path->in(decoded(), visits_);
  if (found.kind == expressions::Value::Kind::kMissing ||
      found.kind == expressions::Value::Kind::kTooMuch) {
    return std::nullopt;
  }
  return std::move(found.text);
}

std::optional<std::int64_t> Item::time_ms(const std::string& path) {
  const auto found = value(path);
  return found ? milliseconds(*found) : std::nullopt;
}

std::string as_json(std::string payload) {
  if (text::check_json(payload)) return payload;
  std::string out;
  text::append_json_string(out, payload);
  return out;
}

}  // namespace lapwing::pipes
