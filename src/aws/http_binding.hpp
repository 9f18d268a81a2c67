// HTTP bindings of the rest protocols: members in labels, query, headers and status. What is
// left over is the body, which the protocol reads and writes itself.
#pragma once

#include <span>

#include "aws/arena.hpp"
#include "aws/message.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

// Fills the slots of members bound to labels, query and headers. Labels are cut from the raw
// path first and decoded one by one after, so that an encoded slash stays in its label.
Status read_bindings(const ServiceModel& model, const OperationRow& operation,
                     const Request& request, std::span<Value> slots, Arena& arena);

// Sets status and headers from the members bound to them.
void write_bindings(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                    Response& response);

}  // namespace lapwing::aws
