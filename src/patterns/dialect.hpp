// Where a pattern stands. All dialects are one language; some leave parts of it out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "patterns/limits.hpp"

namespace lapwing::patterns {

enum class Dialect : std::uint8_t {
  kRule,        // EventBridge: rules, archives, TestEventPattern
  kFilter,      // FilterCriteria of event source mappings and Pipes
  kAttributes,  // SNS: FilterPolicyScope MessageAttributes
  kBody,        // SNS: FilterPolicyScope MessageBody
};

struct Grammar {
  std::size_t max_bytes = kRuleMaxBytes;
  double number_limit = kRuleNumberLimit;
  bool policy = false;       // SNS: keys and combinations counted, "$or" taken leniently
  bool nested = true;        // objects below the top
  bool repeated = false;     // a path named twice: the last one counts, instead of a refusal
  bool wildcard = true;      // and "exactly", prefix and suffix that ignore case
  bool same_element = true;  // fields below one array come from one of its elements
};

constexpr Grammar grammar_of(Dialect dialect) {
  Grammar out;
  if (dialect == Dialect::kRule) return out;
  out.repeated = true;
  out.max_bytes = kFilterMaxBytes;
  if (dialect == Dialect::kFilter) return out;
  out.policy = true;
  out.max_bytes = kPolicyMaxBytes;
  out.number_limit = kPolicyNumberLimit;
  out.wildcard = false;
  out.nested = dialect == Dialect::kBody;
  // SNS: each leaf may be met by an element of its own.
  out.same_element = false;
  return out;
}

}  // namespace lapwing::patterns
