// Value trees as XML, by shape: the output of query and ec2, both ways of rest-xml.
#pragma once

#include <cstdint>
#include <string_view>

#include "aws/arena.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::text {
class XmlWriter;
struct XmlElement;
}  // namespace lapwing::text

namespace lapwing::aws {

// The protocols differ in what a flattened list's elements are called and in whose name spaces are
// declared, and query has names of its own for members.
enum class XmlStyle : std::uint8_t { kQuery, kRest, kEc2 };

// The members of a structure, inside the element that the caller has opened. Members bound
// to headers or status, and absent ones, are left out.
void write_xml_members(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                       XmlStyle style, text::XmlWriter& out);

// A document: the root of that name, with the name space of the member that is the payload
// (nullptr: the whole output), of its shape or of the service. rest-xml's style.
void write_xml_root(const ServiceModel& model, const MemberRow* member, const ShapeRow& shape,
                    std::string_view name, const Value& value, text::XmlWriter& out);

// A structure from the element that holds it; its name is the caller's to check. Unknown elements
// are skipped, a text that spells no value of its shape is a SerializationException, a union has
// exactly one member. The result lives in the arena.
Result<Value> read_xml_members(const ServiceModel& model, const ShapeRow& shape,
                               const text::XmlElement& element, Arena& arena);

}  // namespace lapwing::aws
