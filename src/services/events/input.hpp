// What a target gets of an event: the event, a part of it, a constant, or a text made of it.
//
// Source: EventBridge user guide, "Input transformation", and recorded answers.
//
// Thread-safety: pure functions.
#pragma once

#include <expected>
#include <string>

#include "base/result.hpp"
#include "expressions/template.hpp"
#include "services/events/bus.hpp"
#include "services/events/event.hpp"

namespace lapwing::events {

// In EventBridge's words: two kinds of input, a path or a placeholder that cannot be.
Status check_input(const gen::events::Target& target);

// EventBridge sends nothing where what came out is no JSON.
std::expected<std::string, expressions::Unsent> input_of(const Rule& rule,
                                                         const gen::events::Target& target,
                                                         const Event& event);

}  // namespace lapwing::events
