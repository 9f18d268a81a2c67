#include "services/schemas/discovery.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "gen/schemas/enums.hpp"
#include "services/schemas/limits.hpp"
#include "services/schemas/words.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::schemas {
namespace {

using gen::schemas::Type;
using text::JsonValue;
using text::JsonWriter;

// What stands at one place of the samples. Where they differ, nothing is said of it.
struct Shape {
  std::string type = {};    // "string", "object"; empty where there was null only, or several
  std::string format = {};  // "date-time"
  bool mixed = false;
  std::size_t times = 0;    // of a member: how many objects have it
  std::size_t objects = 0;  // among the samples
  std::map<std::string, Shape> members = {};
  std::vector<Shape> items = {};  // none or one
};

std::string type_of(const JsonValue& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "boolean";
  if (value.is_number()) return value.is_integer() ? "integer" : "number";
  return {};
}

void take(Shape& shape, const JsonValue& value);

void take_members(Shape& shape, const JsonValue& object) {
  ++shape.objects;
  std::set<std::string_view> once;
  for (const text::JsonMember& each : object.members()) {
    Shape& member = shape.members[std::string(each.key)];
    if (once.insert(each.key).second) ++member.times;
    take(member, each.value);
  }
}

void take(Shape& shape, const JsonValue& value) {
  std::string type = type_of(value);
  if (type.empty()) return;
  if (shape.type.empty() && !shape.mixed) {
    shape.type = type;
    if (type == "string" && text::parse_iso8601(value.as_string())) shape.format = "date-time";
  } else if (shape.type != type) {
    const auto number = [](const std::string& each) {
      return each == "integer" || each == "number";
    };
    if (!shape.mixed && number(shape.type) && number(type)) {
      shape.type = "number";
    } else {
      shape = Shape{.mixed = true, .times = shape.times};
      return;
    }
  } else if (!shape.format.empty() && !text::parse_iso8601(value.as_string())) {
    shape.format.clear();
  }
  if (value.is_object()) take_members(shape, value);
  if (value.is_array()) {
    if (shape.items.empty()) shape.items.emplace_back();
    for (const JsonValue& item : value.items()) take(shape.items.front(), item);
  }
}

void write(const Shape& shape, JsonWriter& json);

void write_members(const Shape& shape, JsonWriter& json) {
  const auto everywhere = [&](const auto& each) { return each.second.times == shape.objects; };
  if (std::ranges::any_of(shape.members, everywhere)) {
    json.key("required");
    json.begin_array();
    for (const auto& each : shape.members) {
      if (everywhere(each)) json.string(each.first);
    }
    json.end_array();
  }
  json.key("properties");
  json.begin_object();
  for (const auto& [name, member] : shape.members) {
    json.key(name);
    write(member, json);
  }
  json.end_object();
}

void write_inside(const Shape& shape, JsonWriter& json) {
  if (!shape.type.empty()) json.member("type", shape.type);
  if (!shape.format.empty()) json.member("format", shape.format);
  if (shape.type == "object") write_members(shape, json);
  if (shape.type == "array") {
    json.key("items");
    write(shape.items.front(), json);
  }
}

void write(const Shape& shape, JsonWriter& json) {
  json.begin_object();
  write_inside(shape, json);
  json.end_object();
}

// "detail-type" and "source" of events that are all in one envelope.
struct Envelope {
  std::string detail_type;
  std::string source;
};

std::optional<Envelope> envelope_of(const std::vector<text::JsonDocument>& events) {
  std::optional<Envelope> out;
  for (const text::JsonDocument& each : events) {
    const JsonValue* const type = each.root().find("detail-type");
    const JsonValue* const source = each.root().find("source");
    const JsonValue* const detail = each.root().find("detail");
    const bool enveloped = type != nullptr && type->is_string() && source != nullptr &&
                           source->is_string() && detail != nullptr && detail->is_object();
    if (!enveloped) return std::nullopt;
    Envelope found{std::string(type->as_string()), std::string(source->as_string())};
    if (out && (out->detail_type != found.detail_type || out->source != found.source)) {
      return std::nullopt;
    }
    out = std::move(found);
  }
  return out;
}

// "Order placed" -> "OrderPlaced": a name of a component.
std::string component_name(std::string_view detail_type) {
  std::string out;
  bool upper = true;
  for (const char c : detail_type) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0) {
      upper = true;
      continue;
    }
    out += upper ? static_cast<char>(std::toupper(byte)) : c;
    upper = false;
  }
  return out.empty() || out == "AWSEvent" ? "Detail" : out;
}

// The envelope with its detail elsewhere.
void write_envelope(const Shape& event, const Envelope& envelope, std::string_view detail,
                    JsonWriter& json) {
  json.begin_object();
  json.member("x-amazon-events-detail-type", envelope.detail_type);
  json.member("x-amazon-events-source", envelope.source);
  json.member("type", "object");
  json.key("required");
  json.begin_array();
  for (const auto& [name, member] : event.members) {
    if (member.times == event.objects) json.string(name);
  }
  json.end_array();
  json.key("properties");
  json.begin_object();
  for (const auto& [name, member] : event.members) {
    json.key(name);
    if (name == "detail") {
      json.begin_object();
      json.member("$ref", fmt::format("#/components/schemas/{}", detail));
      json.end_object();
    } else {
      write(member, json);
    }
  }
  json.end_object();
  json.end_object();
}

std::string open_api(const Shape& event, const std::optional<Envelope>& envelope) {
  const std::string name = envelope ? component_name(envelope->detail_type) : "Event";
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("openapi", "3.0.0");
  json.key("info");
  json.begin_object();
  json.member("version", "1.0.0");
  json.member("title", name);
  json.end_object();
  json.key("paths");
  json.begin_object();
  json.end_object();
  json.key("components");
  json.begin_object();
  json.key("schemas");
  json.begin_object();
  if (envelope) {
    json.key("AWSEvent");
    write_envelope(event, *envelope, name, json);
    json.key(name);
    write(event.members.at("detail"), json);
  } else {
    json.key(name);
    write(event, json);
  }
  json.end_object();
  json.end_object();
  json.end_object();
  return out;
}

std::string json_schema(const Shape& event, const std::optional<Envelope>& envelope) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("$schema", "http://json-schema.org/draft-04/schema#");
  json.member("title", envelope ? component_name(envelope->detail_type) : std::string("Event"));
  if (envelope) {
    json.member("x-amazon-events-detail-type", envelope->detail_type);
    json.member("x-amazon-events-source", envelope->source);
  }
  write_inside(event, json);
  json.end_object();
  return out;
}

}  // namespace

Result<std::string> discovered_schema(std::string_view type,
                                      const std::vector<std::string>& events) {
  std::vector<text::JsonDocument> documents;
  Shape shape;
  for (const std::string& event : events) {
    auto document = text::parse_json(event, {.max_depth = kContentDepthMax});
    if (!document) {
      return fail(bad_request(fmt::format("An event is no JSON: {}.", document.error().message())));
    }
    if (!document->root().is_object()) return fail(bad_request("An event is no JSON object."));
    take(shape, document->root());
    documents.push_back(*std::move(document));
  }
  const auto envelope = envelope_of(documents);
  return type == Type::kOpenApi3 ? open_api(shape, envelope) : json_schema(shape, envelope);
}

}  // namespace lapwing::schemas
