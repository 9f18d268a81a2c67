// What a target gets of an event: the event, a part of it, a constant, or a text made of it.
//
// Source: EventBridge user guide, "Input transformation", and recorded answers.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "services/events/bus.hpp"
#include "services/events/event.hpp"

namespace lapwing::events {

// In EventBridge's words: two kinds of input, a path or a placeholder that cannot be.
Status check_input(const gen::events::Target& target);

// Nothing: what came out is no JSON, and EventBridge sends nothing then.
std::optional<std::string> input_of(const Rule& rule, const gen::events::Target& target,
                                    const Event& event);

}  // namespace lapwing::events
