// Value trees as CBOR, by shape: the body of rpc-v2-cbor.
//
// Reading is as strict as JSON's (json_codec.hpp): a value of another type is a
// SerializationException, unknown members are skipped, null is absence, a union has exactly one
// member. Integers are taken where a float is wanted, and floats without a fraction where an
// integer is, as clients of some languages write them so.
#pragma once

#include <string>
#include <string_view>

#include "aws/arena.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::text {
class CborWriter;
}

namespace lapwing::aws {

// No bytes read as an empty structure. The result points into `bytes` and the arena.
Result<Value> read_cbor(const ServiceModel& model, const ShapeRow& shape, std::string_view bytes,
                        Arena& arena);

// Absent members are left out.
void write_cbor(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                text::CborWriter& out);

}  // namespace lapwing::aws
