// Do values of an event meet all conditions, taken from the same elements of the arrays they share?
// Internal to this folder.
//
// A search that goes back: to the choice that stands in the way, not to the last one, so that
// arrays which have nothing to do with each other are not multiplied.
#pragma once

#include <span>

#include "patterns/automaton.hpp"
#include "patterns/event.hpp"

namespace lapwing::patterns {

bool meets(const std::vector<Test>& tests, const Value& value);
bool holds_in_arrays(std::span<const PathCondition> conditions, const Event& event);

}  // namespace lapwing::patterns
