// Value trees as XML, by shape: the output of query, later of ec2 and rest-xml.
#pragma once

#include "aws/model.hpp"
#include "aws/value.hpp"

namespace lapwing::text {
class XmlWriter;
}

namespace lapwing::aws {

// The members of a structure, inside the element that the caller has opened. Members bound
// to headers or status, and absent ones, are left out.
void write_xml_members(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                       text::XmlWriter& out);

}  // namespace lapwing::aws
