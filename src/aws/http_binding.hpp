// HTTP bindings of the rest protocols: members in labels, query, headers and status. What is
// left over is the body, which the protocol reads and writes itself.
#pragma once

#include <span>
#include <string_view>

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

// Whether a structure has members that neither label, query, header nor payload takes.
bool has_body_members(const ServiceModel& model, const ShapeRow& shape);
// The same of an output, which has no labels and no query: members bound to those are in its body.
bool has_written_members(const ServiceModel& model, const ShapeRow& shape);
bool is_written_in_body(const MemberRow& member);

// For members that are the whole body: bytes and text go out as they are, with the type of their
// kind unless a member bound to Content-Type says otherwise. False for what is a document.
bool is_plain_payload(const ShapeRow& shape);
void write_plain_payload(const ShapeRow& shape, const Value& value, Response& response);
// Sets Content-Type where no member did.
void set_default_type(Response& response, std::string_view type);

// Sets status and headers from the members bound to them.
void write_bindings(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                    Response& response);

}  // namespace lapwing::aws
