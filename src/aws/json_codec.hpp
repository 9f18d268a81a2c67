// Value trees as JSON, by shape: the body of rest-json, json 1.0 and json 1.1.
//
// Reading is as strict as AWS: a value of another type is a SerializationException, unknown
// members are skipped, null is absence (in lists and maps it is refused), the last of
// repeated keys wins, a union has exactly one member.
#pragma once

#include <string_view>

#include "aws/arena.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::text {
class JsonValue;
class JsonWriter;
}  // namespace lapwing::text

namespace lapwing::aws {

// Which name a member of a structure has.
enum class JsonNames {
  kWire,   // the protocol's; members bound elsewhere (headers, status) are left out
  kModel,  // the model's, for all members; times are ISO 8601 (numbers are read, too)
};

// An empty text reads as an empty object. The result points into `text` and the arena.
Result<Value> read_json_text(const ServiceModel& model, const ShapeRow& shape,
                             std::string_view text, Arena& arena,
                             JsonNames names = JsonNames::kWire);
Result<Value> read_json(const ServiceModel& model, const ShapeRow& shape,
                        const text::JsonValue& json, Arena& arena,
                        JsonNames names = JsonNames::kWire);

// Structures: absent members are left out.
void write_json(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                text::JsonWriter& out, JsonNames names = JsonNames::kWire);

}  // namespace lapwing::aws
