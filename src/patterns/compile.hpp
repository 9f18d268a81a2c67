// A pattern's text, compiled, or refused in the words of the service it belongs to.
//
//   auto pattern = patterns::compile(text, patterns::Dialect::kRule);
//   if (!pattern) return invalid_event_pattern(pattern.error().message);
//
// Messages: "Event pattern is not valid. Reason: ..." of rules, "FilterPolicy: ..." of SNS (which
// puts "Invalid parameter: " before it), "Invalid filter pattern definition." of mappings. Reasons
// are event-ruler's, with the place where Jackson had arrived; what comes first in the text is
// refused first. Compiling takes time in proportion to the text, and what `limits.hpp` allows.
//
// Sources: event-ruler's published compiler; answers of SNS and EventBridge as users report them.
//
// Thread-safety: pure function.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "patterns/pattern.hpp"

namespace lapwing::patterns {

struct Fault {
  std::string message = {};  // as the service says it
  std::string reason = {};   // without the service's words and the place
};

std::expected<Pattern, Fault> compile(std::string_view text, Dialect dialect);

}  // namespace lapwing::patterns
