// Events of a model's event stream, as messages (event_stream.hpp): members bound to headers or to
// the payload, the rest as a document of the protocol.
//
// From Smithy's "Event streams": ":message-type" is "event", "exception" (a modelled error) or
// "error"; an RPC protocol's first event is "initial-response".
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "aws/engine.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"

namespace lapwing::aws {

// `event`: a value of `stream`, the member set that is sent. Nothing is appended where none is.
void append_model_event(std::string& out, const ServiceModel& model, Protocol protocol,
                        const ShapeRow& stream, const Value& event);
// `document`: the output's members beside the stream.
void append_initial_response(std::string& out, Protocol protocol, std::string_view document);
void append_error_event(std::string& out, const ServiceModel& model, Protocol protocol,
                        const ShapeRow& stream, const ErrorFacts& error);

}  // namespace lapwing::aws
