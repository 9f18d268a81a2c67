// Scalars as text: headers, query parameters, labels, form fields, XML content.
#pragma once

#include <string>
#include <string_view>

#include "aws/arena.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

// A member's own format, else its shape's, else the place's.
TimestampFormat timestamp_format(const MemberRow* member, const ShapeRow& shape,
                                 TimestampFormat otherwise);

// SerializationException where the text does not spell a value of the shape. The result may
// point into `text`.
Result<Value> parse_scalar(const ShapeRow& shape, std::string_view text, TimestampFormat format,
                           Arena& arena);
// Blobs in base64, doubles as AWS writes them (NaN, Infinity), times in `format`.
std::string format_scalar(const ShapeRow& shape, const Value& value, TimestampFormat format);

Result<Value> parse_timestamp(std::string_view text, TimestampFormat format);
std::string format_timestamp(WallTime time, TimestampFormat format);

// As messages name it: "Integer".
std::string_view type_name(ShapeKind kind);

// Kind kInvalid, code SerializationException, 400.
Error serialization_error(std::string message);

}  // namespace lapwing::aws
