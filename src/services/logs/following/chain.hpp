// The chain of events that log lines belong to: the trace header of the invocation that wrote them,
// whose Lineage counts how often each function has run in it. A function that a subscription
// invokes goes on with it, so that one which writes into the group it reads ends after as many runs
// as any other loop (Lambda's, 16), on AWS as here the caller's to avoid.
//
// Thread-safety: pure functions but for the randomness.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace lapwing::logs {

inline constexpr std::size_t kChainBytesMax = 1024;

// The header, where it belongs to a chain: more has run in it than one function once. Else empty,
// and the lines begin a chain of their own where a subscription takes them.
std::string_view chain_of(std::string_view trace);
// Of lines that belong to none: the group counts as the first in it.
std::string new_chain(std::string_view group_arn, WallTime now, Random& random);

}  // namespace lapwing::logs
