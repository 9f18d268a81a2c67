#include "services/events/event.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/packed.hpp"
#include "services/events/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::events {
namespace {

constexpr char kFormat = 1;
// Members of an object that are compared one with another; more are put into a set.
constexpr std::size_t kComparedMax = 16;

// Of members of one name the last counts, where the first stood.
void write_once(const text::JsonValue& value, text::JsonWriter& json);

bool has_repeated(std::span<const text::JsonMember> members) {
  if (members.size() > kComparedMax) {
    std::unordered_set<std::string_view> seen;
    return !std::ranges::all_of(
        members, [&](const text::JsonMember& member) { return seen.insert(member.key).second; });
  }
  for (std::size_t i = 1; i < members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (members[i].key == members[j].key) return true;
    }
  }
  return false;
}

void write_object(const text::JsonValue& value, text::JsonWriter& json) {
  std::unordered_map<std::string_view, const text::JsonValue*> last;  // null: written
  const bool repeated = has_repeated(value.members());
  if (repeated) {
    for (const text::JsonMember& member : value.members()) last[member.key] = &member.value;
  }
  json.begin_object();
  for (const text::JsonMember& member : value.members()) {
    const text::JsonValue* const found =
        repeated ? std::exchange(last[member.key], nullptr) : &member.value;
    if (found == nullptr) continue;
    json.key(member.key);
    write_once(*found, json);
  }
  json.end_object();
}

void write_once(const text::JsonValue& value, text::JsonWriter& json) {
  if (value.is_object()) return write_object(value, json);
  if (!value.is_array()) return json.value(value);
  json.begin_array();
  for (const text::JsonValue& item : value.items()) write_once(item, json);
  json.end_array();
}

}  // namespace

std::optional<std::string> envelope_json(const Envelope& envelope) {
  const auto detail = text::parse_json(
      envelope.detail, {.max_bytes = kEnvelopeBytesMax, .max_depth = kDetailDepthMax});
  if (!detail || !detail->root().is_object()) return std::nullopt;
  std::string out;
  out.reserve(envelope.detail.size() + 512);
  text::JsonWriter json(out);
  json.begin_object();
  json.member("version", "0");
  json.member("id", envelope.id);
  json.member("detail-type", envelope.detail_type);
  json.member("source", envelope.source);
  json.member("account", envelope.scope.account.view());
  json.member("time",
              text::format_iso8601(std::chrono::floor<std::chrono::seconds>(envelope.time)));
  json.member("region", envelope.scope.region.view());
  json.key("resources");
  json.begin_array();
  if (envelope.resources != nullptr) {
    for (const std::string& each : *envelope.resources) json.string(each);
  }
  json.end_array();
  json.key("detail");
  write_once(detail->root(), json);
  json.end_object();
  return out;
}

namespace {

// The members of an envelope, with `name` put before "resources", and `id` instead of its own;
// each where it is not empty.
std::string rewritten(std::string_view text, std::string_view name, std::string_view id) {
  const auto document = text::parse_json(
      text, {.max_bytes = kEnvelopeBytesMax * 2, .max_depth = kDetailDepthMax + 1});
  if (!document) return std::string(text);
  std::string out;
  out.reserve(text.size() + name.size() + 32);
  text::JsonWriter json(out);
  json.begin_object();
  for (const text::JsonMember& member : document->root().members()) {
    if (!name.empty() && member.key == "replay-name") continue;
    if (!name.empty() && member.key == "resources") json.member("replay-name", name);
    json.key(member.key);
    if (!id.empty() && member.key == "id") {
      json.string(id);
    } else {
      json.value(member.value);
    }
  }
  json.end_object();
  return out;
}

}  // namespace

std::string with_replay_name(std::string_view json, std::string_view name) {
  return rewritten(json, name, {});
}

std::string with_id(std::string_view json, std::string_view id) { return rewritten(json, {}, id); }

std::string pack(const Event& event) {
  PackedWriter out(kFormat);
  out.reserve(event.json.size() + event.id.size() + event.trace.size() + 48);
  out.text(event.id);
  out.number(static_cast<std::uint64_t>(event.time_ms));
  out.number(static_cast<std::uint64_t>(event.ingested_ms));
  out.number(event.hops);
  out.text(event.trace);
  out.text(event.json);
  return std::move(out).take();
}

std::string event_id(std::string_view bytes) { return PackedReader(bytes, kFormat).text(); }

Result<Event> unpack_event(std::string_view bytes) {
  PackedReader in(bytes, kFormat);
  Event out;
  out.id = in.text();
  out.time_ms = static_cast<std::int64_t>(in.number());
  out.ingested_ms = static_cast<std::int64_t>(in.number());
  out.hops = static_cast<std::uint32_t>(in.number());
  out.trace = in.text();
  out.json = in.text();
  if (in.broken() || !in.at_end()) return fail(internal_error("an event cannot be read"));
  return out;
}

std::optional<Event> read_envelope(std::string_view text) {
  const auto document = text::parse_json(
      text, {.max_bytes = kEnvelopeBytesMax * 2, .max_depth = kDetailDepthMax + 1});
  if (!document || !document->root().is_object()) return std::nullopt;
  const text::JsonValue& root = document->root();
  for (const std::string_view needed :
       {"id", "detail-type", "source", "account", "time", "region"}) {
    const text::JsonValue* const found = root.find(needed);
    if (found == nullptr || !found->is_string()) return std::nullopt;
  }
  const auto time = text::parse_iso8601(root.find("time")->as_string());
  const text::JsonValue* const detail = root.find("detail");
  if (!time || detail == nullptr || !detail->is_object()) return std::nullopt;
  Event out;
  out.id = root.find("id")->as_string();
  out.json = text;
  out.time_ms = unix_ms(*time);
  return out;
}

}  // namespace lapwing::events
