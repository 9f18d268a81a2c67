#include "aws/event_answer.hpp"

#include <algorithm>
#include <vector>

#include "aws/cbor_codec.hpp"
#include "aws/event_stream.hpp"
#include "aws/json_codec.hpp"
#include "aws/scalar.hpp"
#include "aws/xml_codec.hpp"
#include "text/cbor.hpp"
#include "text/json_writer.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {
namespace {

std::string_view document_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::kCbor:
      return "application/cbor";
    case Protocol::kRestXml:
    case Protocol::kQuery:
    case Protocol::kEc2:
      return "application/xml";
    case Protocol::kRestJson:
    case Protocol::kJson10:
    case Protocol::kJson11:
      break;
  }
  return "application/json";
}

std::string document(const ServiceModel& model, Protocol protocol, const ShapeRow& shape,
                     const Value& value) {
  std::string out;
  const std::string_view type = document_type(protocol);
  if (type == "application/cbor") {
    text::CborWriter cbor(out);
    write_cbor(model, shape, value, cbor);
  } else if (type == "application/xml") {
    text::XmlWriter xml(out);
    xml.begin(model.text(shape.name));
    write_xml_members(model, shape, value, XmlStyle::kRest, xml);
    xml.end();
  } else {
    text::JsonWriter json(out);
    write_json(model, shape, value, json);
  }
  return out;
}

void append_big_endian(std::string& out, std::int64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff));
  }
}

// A header's value, with its text kept by `arena`.
EventField header_of(std::string_view name, const ShapeRow& shape, const Value& value,
                     Arena& arena) {
  EventField field{.name = name, .value = {}};
  std::string bytes;
  switch (shape.kind) {
    case ShapeKind::kBoolean:
      field.type = value.as_bool() ? EventValueType::kTrue : EventValueType::kFalse;
      return field;
    case ShapeKind::kInteger:
      field.type = EventValueType::kInteger;
      append_big_endian(bytes, value.as_integer(), 4);
      break;
    case ShapeKind::kLong:
      field.type = EventValueType::kLong;
      append_big_endian(bytes, value.as_integer(), 8);
      break;
    case ShapeKind::kTimestamp:
      field.type = EventValueType::kTimestamp;
      append_big_endian(bytes, unix_ms(value.as_timestamp()), 8);
      break;
    case ShapeKind::kBlob:
      field.type = EventValueType::kBytes;
      bytes = value.as_string();
      break;
    case ShapeKind::kString:
    case ShapeKind::kFloat:
    case ShapeKind::kDouble:
    case ShapeKind::kStructure:
    case ShapeKind::kList:
    case ShapeKind::kMap:
      bytes = format_scalar(shape, value, TimestampFormat::kIso8601);
      break;
  }
  field.value = arena.keep(std::move(bytes));
  return field;
}

// One message: its headers so far, and what `shape` says of the rest.
class Message {
 public:
  Message(const ServiceModel& model, Protocol protocol, std::string_view type_header,
          std::string_view type, std::string_view message_type)
      : model_(model), protocol_(protocol) {
    fields_.push_back({.name = type_header, .value = type});
    message_type_ = message_type;
  }

  void append(std::string& out, const ShapeRow& shape, const Value& value) {
    const auto members = model_.members_of(shape);
    auto rest = arena_.make_array<Value>(members.size());
    const MemberRow* payload = nullptr;
    Value held;
    bool any = false;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].has(MemberFlags::kEventPayload)) {
        payload = &members[i];
        held = value[i];
      } else if (members[i].has(MemberFlags::kEventHeader)) {
        if (!value[i].present()) continue;
        fields_.push_back(header_of(model_.text(members[i].wire), model_.shape(members[i].shape),
                                    value[i], arena_));
      } else {
        rest[i] = value[i];
        any = true;
      }
    }
    std::string body;
    std::string_view type;
    if (payload != nullptr) {
      const ShapeRow& of = model_.shape(payload->shape);
      const bool plain = of.kind == ShapeKind::kBlob || of.kind == ShapeKind::kString;
      if (plain) {
        type = of.kind == ShapeKind::kBlob ? "application/octet-stream" : "text/plain";
        body = held.as_string();
      } else {
        type = document_type(protocol_);
        body = document(model_, protocol_, of, held);
      }
    } else if (any) {
      type = document_type(protocol_);
      body = document(model_, protocol_, shape, Value::structure(rest));
    }
    if (!type.empty()) fields_.push_back({.name = ":content-type", .value = type});
    fields_.push_back({.name = ":message-type", .value = message_type_});
    append_event(out, fields_, body);
  }

 private:
  const ServiceModel& model_;
  Protocol protocol_;
  std::string_view message_type_;
  std::vector<EventField> fields_;
  Arena arena_;
};

// The error as a value of its shape: its message, and what its members' types can read of its
// fields.
Value error_value(const ServiceModel& model, const ErrorFacts& error, Arena& arena) {
  const auto members = model.members_of(*error.shape);
  auto slots = arena.make_array<Value>(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string_view name = model.text(members[i].name);
    const ShapeRow& shape = model.shape(members[i].shape);
    if (equals_ignoring_case(name, "message")) slots[i] = Value::string(error.message);
    for (const ErrorField& field : error.fields) {
      if (field.name != name) continue;
      if (auto value = parse_scalar(shape, field.value, TimestampFormat::kIso8601, arena)) {
        slots[i] = *value;
      }
    }
  }
  return Value::structure(slots);
}

}  // namespace

void append_model_event(std::string& out, const ServiceModel& model, Protocol protocol,
                        const ShapeRow& stream, const Value& event) {
  const auto members = model.members_of(stream);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!event[i].present()) continue;
    const ShapeRow& shape = model.shape(members[i].shape);
    const bool exception = shape.has(ShapeFlags::kError);
    Message message(model, protocol, exception ? ":exception-type" : ":event-type",
                    model.text(members[i].wire), exception ? "exception" : "event");
    message.append(out, shape, event[i]);
  }
}

void append_initial_response(std::string& out, Protocol protocol, std::string_view document) {
  const EventField fields[] = {{.name = ":event-type", .value = "initial-response"},
                               {.name = ":content-type", .value = document_type(protocol)},
                               {.name = ":message-type", .value = "event"}};
  append_event(out, fields, document);
}

void append_error_event(std::string& out, const ServiceModel& model, Protocol protocol,
                        const ShapeRow& stream, const ErrorFacts& error) {
  const auto members = model.members_of(stream);
  const auto modelled = std::ranges::find_if(members, [&](const MemberRow& member) {
    return error.shape != nullptr && &model.shape(member.shape) == error.shape;
  });
  if (modelled == members.end()) {
    const EventField fields[] = {{.name = ":error-code", .value = error.code},
                                 {.name = ":error-message", .value = error.message},
                                 {.name = ":message-type", .value = "error"}};
    return append_event(out, fields, {});
  }
  Arena arena;
  Message message(model, protocol, ":exception-type", model.text(modelled->wire), "exception");
  message.append(out, *error.shape, error_value(model, error, arena));
}

}  // namespace lapwing::aws
