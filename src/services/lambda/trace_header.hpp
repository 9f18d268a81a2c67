// X-Amzn-Trace-Id: every invocation has one. What the caller sends is completed, what it does not
// send is made, in the form that AWS hands functions:
//
//   Root=1-<time>-<24 digits>;Parent=<16 digits>;Sampled=0|1;Lineage=1:<8 digits>:0
//
// Lineage counts how often each function of a chain of events has run: "1:<hash>:<count>", several
// joined by "|". A function that has run kLoopsMax times in one chain is in a loop.
//
// TracingConfig PassThrough decides nothing: a caller's word on sampling goes on, without one it is
// 0. Active samples what nobody has decided, and the function's own segment is the parent then.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace lapwing::lambda {

struct TraceScope {
  std::string_view function_arn;  // stands in Lineage, as a hash
  bool active = false;            // TracingConfig
};

// A header longer than kMaxTraceHeaderBytes, or whose Root is none, counts as not sent. A Lineage
// that was sent counts this run of the function.
std::string complete_trace_header(std::string_view sent, const TraceScope& scope, WallTime now,
                                  Random& random);

// How often the function has run already in the chain that this header came with.
std::uint32_t runs_in_chain(std::string_view header, std::string_view function_arn);

}  // namespace lapwing::lambda
